import { describe, expect, it } from 'vitest';
import { decodeValues } from '../../src/model/decode';
import type { DType } from '../../src/model/dtype';
import { floatTensor, intTensor, graphOf, modelOf, node, text, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import { parseModel } from '../../src/model/onnx/parse';
import { MODEL, GRAPH, TENSOR } from '../../src/model/onnx/schema';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { WireWriter } from '../../src/model/onnx/wire-writer';
import { MemorySource } from '../../src/model/source';
import { toHalf } from '../../src/runtime/half';
import { putElement } from '../../src/defenses/clp/put-element';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** Bit patterns and values from IEEE 754, the OCP 8-bit floating point specification and two's complement. */
describe('element types', () => {
  const cases: [DType, string, number[]][] = [
    ['float32', '0000803f000080bf', [1, -1]],
    ['float64', '000000000000f03f', [1]],
    ['float16', '003c00c0ff7b0100007c', [1, -2, 65504, 2 ** -24, Infinity]],
    ['bfloat16', '803f20c1807f', [1, -10, Infinity]],
    ['float8e4m3fn', '38c07e017f', [1, -2, 448, 2 ** -9, NaN]],
    ['float8e5m2', '3cc07b017c', [1, -2, 57344, 2 ** -16, Infinity]],
    ['float8e4m3fnuz', '407f80', [1, 240, NaN]],
    ['float8e5m2fnuz', '407f80', [1, 57344, NaN]],
    ['int8', '80ff7f', [-128, -1, 127]],
    ['uint8', '00ff', [0, 255]],
    ['int16', '0080ff7f', [-32768, 32767]],
    ['uint16', 'ffff', [65535]],
    ['int32', '00000080', [-2147483648]],
    ['uint32', 'ffffffff', [4294967295]],
    ['int64', 'ffffffffffffffff', [-1]],
    ['uint64', '0000000000000100', [2 ** 48]],
    ['int4', '8f07', [-1, -8, 7]],
    ['uint4', '8f07', [15, 8, 7]],
    ['bool', '0001', [0, 1]],
  ];
  it.each(cases)('%s', (dtype, bytes, values) => {
    expect(Array.from(decodeValues(dtype, hex(bytes), values.length))).toEqual(values);
  });

  it('reads from any offset, aligned or not', () => {
    const shifted = hex('ff0000803f000000c0').subarray(1);
    expect(Array.from(decodeValues('float32', shifted, 2))).toEqual([1, -2]);
  });

  it('float16 and back, every value', () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const values = decodeValues('float16', new Uint8Array(codes.buffer), 65536) as Float32Array;
    const back = toHalf(values);
    codes.forEach((code, i) => {
      if (!Number.isNaN(values[i])) expect(back[i]).toBe(code);
    });
    expect(
      Array.from(toHalf(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 1e-10))),
    ).toEqual([0x3c00, 0x3c02, 0x7bff, 0x7c00, 0, 0]);
  });

  it('elements are written where and as they are read', () => {
    for (const [dtype, value] of [
      ['int8', -3],
      ['uint8', 200],
      ['int4', -5],
      ['uint4', 9],
      ['int32', -70000],
      ['float32', 0],
      ['bfloat16', 0],
    ] as const) {
      const bytes = new Uint8Array(16).fill(0x11);
      const before = Array.from(decodeValues(dtype, bytes, 4));
      putElement(bytes, dtype, 1, value);
      expect(Array.from(decodeValues(dtype, bytes, 4))).toEqual(
        before.map((each, i) => (i === 1 ? value : each)),
      );
    }
    expect(() => putElement(new Uint8Array(4), 'float32', 0, 1)).toThrow(RangeError);
  });
});

describe('values in typed fields', () => {
  const tensor = (dtype: number, dims: number[], build: (writer: WireWriter) => void): Uint8Array =>
    new WireWriter()
      .int(MODEL.irVersion, 8)
      .message(MODEL.graph, (graph) => {
        graph.message(GRAPH.initializer, (writer) =>
          build(writer.ints(TENSOR.dims, dims).int(TENSOR.dataType, dtype).text(TENSOR.name, 't')),
        );
      })
      .finish();
  const valuesOf = (bytes: Uint8Array): number[] => {
    const source = new MemorySource('t.onnx', bytes);
    return Array.from(new TensorReader(source, null).values(parseModel(source).graph.initializers.get('t')!));
  };

  it('packed or one by one', () => {
    const packed = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
    expect(valuesOf(tensor(1, [3], (t) => t.bytes(TENSOR.floatData, packed)))).toEqual([1, 2, 3]);
    expect(
      valuesOf(
        tensor(1, [3], (t) =>
          t.float(TENSOR.floatData, 1).float(TENSOR.floatData, 2).float(TENSOR.floatData, 3),
        ),
      ),
    ).toEqual([1, 2, 3]);
    expect(valuesOf(tensor(7, [2], (t) => t.ints(TENSOR.int64Data, [-5, 2 ** 40])))).toEqual([-5, 2 ** 40]);
    expect(valuesOf(tensor(10, [2], (t) => t.ints(TENSOR.int32Data, [0x3c00, 0xc000])))).toEqual([1, -2]);
    expect(valuesOf(tensor(3, [2], (t) => t.int(TENSOR.int32Data, -3).int(TENSOR.int32Data, 4)))).toEqual([
      -3, 4,
    ]);
  });

  it('too few or too many are an error', () => {
    expect(() => valuesOf(tensor(7, [3], (t) => t.ints(TENSOR.int64Data, [1, 2])))).toThrow(/needs 3 values/);
    expect(() => valuesOf(tensor(7, [1], (t) => t.ints(TENSOR.int64Data, [1, 2])))).toThrow(/needs 1 values/);
    expect(() => valuesOf(tensor(7, [2 ** 20], (t) => t.ints(TENSOR.int64Data, [1])))).toThrow(/needs/);
  });
});

describe('encoding and parsing', () => {
  it('gives back what was written', () => {
    const inner = graphOf({
      name: 'inner',
      nodes: [node('Identity', ['a'], ['b'])],
      inputs: [],
      outputs: [valueInfo('b', null, null)],
    });
    const graph = graphOf({
      name: 'outer',
      nodes: [
        node('Conv', ['x', 'w'], ['y'], {
          auto_pad: text('SAME_UPPER'),
          group: { type: 'int', value: -1 },
          alphas: { type: 'floats', value: [1, 0.5] },
          names: { type: 'strings', value: ['p', 'q'] },
        }),
        {
          ...node('If', ['c'], ['z']),
          attributes: new Map([['then_branch', { type: 'graph', value: inner }]]),
        },
        node('Constant', [], ['k'], { value: { type: 'tensor', value: intTensor('', [2], [3, -4]) } }),
      ],
      initializers: [floatTensor('w', [1, 1, 1, 1], [2])],
      inputs: [valueInfo('x', 'float32', ['N', 3, null, 8]), valueInfo('c', 'bool', [])],
      outputs: [valueInfo('y', 'float32', null)],
    });
    const source = new MemorySource(
      'm',
      encodeModel({
        ...modelOf(graph, 17),
        metadata: new Map([['a', 'b']]),
        producerVersion: '1',
        docString: 'doc',
      }),
    );
    const back = parseModel(source);
    expect(back.opsets).toEqual(new Map([['', 17]]));
    expect([back.metadata, back.docString, back.graph.name]).toEqual([new Map([['a', 'b']]), 'doc', 'outer']);
    expect(back.graph.inputs).toEqual(graph.inputs);
    expect(back.graph.outputs).toEqual(graph.outputs);
    expect(back.graph.nodes.map(({ opType, inputs, outputs }) => ({ opType, inputs, outputs }))).toEqual(
      graph.nodes.map(({ opType, inputs, outputs }) => ({ opType, inputs, outputs })),
    );
    expect([...back.graph.nodes[0]!.attributes]).toEqual([...graph.nodes[0]!.attributes]);
    const nested = back.graph.nodes[1]!.attributes.get('then_branch');
    expect(nested?.type === 'graph' && nested.value.name).toBe('inner');
    const held = back.graph.nodes[2]!.attributes.get('value');
    expect(held?.type === 'tensor' && new TensorReader(source, null).integers(held.value)).toEqual([3, -4]);
  });
});
