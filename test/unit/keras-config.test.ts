import { describe, expect, test } from 'vitest';
import { ConfigError, kerasGraph } from '../../src/model/keras/graph';
import { inspectConfig } from '../../src/model/keras/inspect-config';
import { nesting } from '../../src/model/keras/json';
import { channelStep, normalisesChannels, weightRoles } from '../../src/model/keras/layer-kinds';

type Json = Readonly<Record<string, unknown>>;

function layer(name: string, from: readonly unknown[] = [], className = 'Conv2D', config: Json = {}): Json {
  const inbound =
    from.length === 0
      ? []
      : [from.map((source) => (typeof source === 'string' ? [source, 0, 0, {}] : source))];
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: inbound };
}

function functional(layers: readonly Json[], outputs: readonly unknown[] = []): Json {
  return {
    class_name: 'Functional',
    config: { name: 'm', layers, input_layers: [], output_layers: outputs },
  };
}

function edges(description: unknown): string[] {
  const { calls } = kerasGraph(description);
  return calls.flatMap(({ layer: { path }, inputs }) =>
    inputs.map((input) => `${calls[input]!.layer.path.join('/')} → ${path.join('/')}`),
  );
}

describe('graphs of configurations', () => {
  test('Sequential in its three spellings', () => {
    const layers = [
      { class_name: 'Conv2D', config: { name: 'a' } },
      { class_name: 'ReLU', config: { name: 'b' } },
    ];
    expect(edges({ class_name: 'Sequential', config: { name: 's', layers } })).toEqual(['a → b']);
    expect(edges({ class_name: 'Sequential', config: layers })).toEqual(['a → b']);
    const kept = layers.map((each) => ({ ...each, inbound_nodes: [] }));
    expect(edges({ class_name: 'Sequential', config: { layers: kept } })).toEqual(['a → b']);
  });

  test('tensors of Keras 3, of Keras 2, in keyword arguments, and constants', () => {
    const tensor = { class_name: '__keras_tensor__', config: { keras_history: ['a', 0, 0] } };
    const layers = [
      layer('a'),
      { ...layer('b'), inbound_nodes: [{ args: [[tensor, tensor]], kwargs: {} }] },
      layer('c', [['a', 0, 0, { y: ['b', 0, 0] }]]),
      layer('d', [['_CONSTANT_VALUE', -1, 2.5, {}], 'c']),
    ];
    expect(edges(functional(layers))).toEqual(['a → b', 'a → b', 'a → c', 'b → c', 'c → d']);
  });

  test('a shared layer has a call for each use', () => {
    const shared = { ...layer('shared'), inbound_nodes: [[['a', 0, 0, {}]], [['b', 0, 0, {}]]] };
    expect(edges(functional([layer('a'), layer('b'), shared, layer('c', [['shared', 1, 0, {}]])]))).toEqual([
      'a → shared',
      'b → shared',
      'shared → c',
    ]);
  });

  test('nested models are unfolded', () => {
    const inner = functional([layer('x', [], 'InputLayer'), layer('y', ['x'])], [['y', 0, 0]]);
    const config = { ...(inner['config'] as Json), input_layers: [['x', 0, 0]] };
    const nested = { class_name: 'Functional', name: 'in', config, inbound_nodes: [[['a', 0, 0, {}]]] };
    expect(edges(functional([layer('a'), nested, layer('b', ['in'])]))).toEqual([
      'a → in/x',
      'in/x → in/y',
      'in/y → b',
    ]);
  });

  const deep = (depth: number): Json =>
    depth === 0
      ? layer('a')
      : { class_name: 'Sequential', config: { name: `s${depth}`, layers: [deep(depth - 1)] } };
  const bomb = (depth: number): Json => {
    if (depth === 0) return functional([layer('a')], [['a', 0, 0]]);
    const config = bomb(depth - 1)['config'] as Json;
    const copies = Array.from({ length: 9 }, (_, i) => ({
      class_name: 'Functional',
      name: `m${i}`,
      config: { ...config, name: `m${i}` },
      inbound_nodes: [],
    }));
    return functional([...copies, layer('last', ['m0'])], [['last', 0, 0]]);
  };
  test.each([
    ['a layer that feeds itself', functional([layer('a', ['a'])]), 'cyclic-graph'],
    ['two layers that feed each other', functional([layer('a', ['b']), layer('b', ['a'])]), 'cyclic-graph'],
    ['an unknown layer', functional([layer('a', ['nowhere'])]), 'malformed'],
    [
      'an output of a call that is not there',
      functional([layer('a'), layer('b', [['a', 7, 0, {}]])]),
      'malformed',
    ],
    ['two layers of one name', functional([layer('a'), layer('a', ['a'])]), 'malformed'],
    ['no layers', { class_name: 'Model', config: {} }, 'malformed'],
    ['a layer that is a number', { class_name: 'Sequential', config: [1] }, 'malformed'],
    ['models nested too deeply', { class_name: 'Sequential', config: { layers: [deep(40)] } }, 'too-large'],
    ['models that unfold to too much', bomb(6), 'too-large'],
    ['names of prototypes', functional([layer('__proto__'), layer('b', ['constructor'])]), 'malformed'],
  ])('%s', (_what, description, reason) => {
    let thrown: unknown;
    try {
      kerasGraph(description);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    expect((thrown as ConfigError).reason).toBe(reason);
  });
});

describe('layers', () => {
  const of = (className: string, config: Json = {}) => ({ path: ['l'], className, config, storePath: '' });

  test.each([
    ['Dropout', {}, 'same'],
    ['ReLU', { max_value: 6 }, 'channelwise'],
    ['ReLU', { negative_slope: 2 }, 'other'],
    ['ReLU', { threshold: 1 }, 'other'],
    ['LeakyReLU', { alpha: { class_name: '__numpy__', value: 0.1 } }, 'channelwise'],
    ['LeakyReLU', { negative_slope: 1.5 }, 'other'],
    ['ELU', { alpha: 1 }, 'channelwise'],
    ['Activation', { activation: 'relu' }, 'channelwise'],
    ['Activation', { activation: 'linear' }, 'same'],
    ['Activation', { activation: 'softmax' }, 'other'],
    ['Activation', { activation: 'gelu' }, 'other'],
    ['AveragePooling2D', {}, 'channelwise'],
    ['GlobalAveragePooling2D', {}, 'other'],
    ['Add', {}, 'other'],
    ['Lambda', {}, 'other'],
  ])('%s %o: %s', (className, config, step) => {
    expect(channelStep(of(className, config))).toBe(step);
  });

  test.each([
    [{ axis: [3] }, false, true],
    [{ axis: -1 }, false, true],
    [{}, false, true],
    [{ axis: 1 }, false, false],
    [{ axis: [1, 2] }, false, false],
    [{ axis: 1 }, true, true],
    [{ axis: -3 }, true, true],
    [{ axis: 3 }, true, false],
  ])('a norm with %o, channels first: %s, is of the channels: %s', (config, first, expected) => {
    expect(normalisesChannels(of('BatchNormalization', config), 2, first)).toBe(expected);
  });

  test('weights in the order that Keras makes them', () => {
    expect(weightRoles(of('BatchNormalization', { scale: false }))).toEqual([
      'beta',
      'moving_mean',
      'moving_variance',
    ]);
    expect(weightRoles(of('SeparableConv1D', { use_bias: false }))).toEqual([
      'depthwise_kernel',
      'pointwise_kernel',
    ]);
    expect(weightRoles(of('MultiHeadAttention'))).toBeNull();
  });
});

describe('what loading a configuration would import', () => {
  const found = (value: unknown): string[] => inspectConfig(value).map(({ id }) => id);
  test.each([
    ["Keras' own layers", { module: 'keras.layers', class_name: 'Conv2D', registered_name: null }, []],
    [
      'an activation',
      { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' },
      [],
    ],
    ['a Lambda layer', { class_name: 'Lambda', config: {} }, ['keras-lambda']],
    [
      'code deep inside',
      { config: [{ a: { class_name: '__lambda__', config: { code: '' } } }] },
      ['keras-lambda'],
    ],
    ['another module', { module: 'subprocess', class_name: 'Popen', config: {} }, ['keras-unsafe-import']],
    [
      'a module that only begins like Keras',
      { module: 'keras_evil', class_name: 'X' },
      ['keras-unsafe-import'],
    ],
    [
      'a function of Keras that fetches files',
      { module: 'keras.utils', class_name: 'function', config: 'get_file' },
      ['keras-unsafe-import'],
    ],
    [
      'a registered class',
      { class_name: 'Block', registered_name: 'my_package>Block' },
      ['keras-custom-object'],
    ],
  ])('%s', (_what, value, ids) => {
    expect(found(value)).toEqual(ids);
  });

  test('nesting counts brackets outside strings', () => {
    expect(nesting('{"a[[[{": [1, "\\"]"]}')).toBe(2);
    expect(nesting('['.repeat(5000))).toBe(5000);
  });
});
