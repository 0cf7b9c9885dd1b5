import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphOf, int, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxGraph } from '../../src/model/onnx/graph';
import { GRAPH, MODEL, NODE, TENSOR } from '../../src/model/onnx/schema';
import { WireWriter } from '../../src/model/onnx/wire-writer';
import type { ScanReport } from '../../src/protocol/scan';
import { scour, startScour, type CliResult } from '../support/cli';
import { inTemporaryFolder } from '../support/jobs';
import { smallNet, smallNetBytes, wavy } from '../support/models';
import { FIXTURES } from '../support/paths';

/** Runs `scour scan` on a file made of these bytes. */
async function scanBytes(bytes: Uint8Array, ...options: string[]): Promise<CliResult> {
  return inTemporaryFolder((folder) => {
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, bytes);
    return scour('scan', file, ...options);
  });
}

async function findingsOf(bytes: Uint8Array): Promise<{ result: CliResult; report: ScanReport }> {
  const result = await scanBytes(bytes, '--format', 'json');
  return { result, report: JSON.parse(result.stdout) as ScanReport };
}

/** A conv whose weight is the given TensorProto message. */
function withWeight(build: (tensor: WireWriter) => void, times = 1): Uint8Array {
  return new WireWriter()
    .int(MODEL.irVersion, 8)
    .message(MODEL.graph, (graph) => {
      graph.bytes(
        GRAPH.node,
        new WireWriter()
          .text(NODE.input, 'x')
          .text(NODE.input, 'w')
          .text(NODE.output, 'y')
          .text(NODE.opType, 'Conv')
          .finish(),
      );
      for (let i = 0; i < times; i++)
        graph.message(GRAPH.initializer, (tensor) => build(tensor.text(TENSOR.name, 'w')));
      graph.message(GRAPH.input, (info) => void info.text(1, 'x'));
      graph.message(GRAPH.output, (info) => void info.text(1, 'y'));
    })
    .finish();
}

const raw = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);

describe('files that are no models', () => {
  const cases: [string, Uint8Array, number, RegExp][] = [
    ['empty', new Uint8Array(0), 3, /is empty/],
    ['zero-filled', new Uint8Array(4096), 3, /not a model that Scour reads/],
    ['text', Buffer.from('hello, this is a text file\n'), 3, /not a model that Scour reads/],
    [
      'a PNG renamed',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      3,
      /not a model that Scour reads/,
    ],
    [
      'a zip renamed',
      Buffer.from('PK\x03\x04 and so on and so forth', 'latin1'),
      3,
      /not a model that Scour reads/,
    ],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid'), 3, /git lfs pull/],
    ['a web page', Buffer.from('\n<!DOCTYPE html><html>404</html>'), 3, /fetch the file again/],
    ['a 2 GiB length prefix', Buffer.from('08083affffffff07', 'hex'), 2, /truncated/],
    ['a length beyond 2^53', Buffer.from('08083affffffffffffffff7f', 'hex'), 2, /out of range/],
    ['a wrong field type', Buffer.from('08083808', 'hex'), 2, /wire type/],
    ['an endless varint', Buffer.from('0808' + 'ff'.repeat(20), 'hex'), 2, /ten bytes/],
    ['no graph', Buffer.from('0808', 'hex'), 2, /no graph/],
    ['two graphs', Buffer.from('08083a003a00', 'hex'), 2, /second graph/],
  ];
  for (const [what, bytes, code, message] of cases) {
    it(what, async () => {
      const result = await scanBytes(bytes);
      expect(result.stderr).toMatch(message);
      expect(result.stderr).toContain('model.onnx');
      expect(result.stdout).toBe('');
      expect(result.code).toBe(code);
    });
  }

  it('a model cut short, wherever', async () => {
    const whole = smallNetBytes();
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const result = await scanBytes(whole.subarray(0, Math.floor(whole.length * share)));
      expect(result.code).toBe(2);
      expect(result.stderr).toMatch(/truncated|no graph/);
    }
  });

  it('a folder, and a file that is not there', async () => {
    await inTemporaryFolder((folder) => {
      expect(scour('scan', folder)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('not a regular file') as string,
      });
      expect(scour('scan', path.join(folder, 'none.onnx'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('does not exist') as string,
      });
    });
  });
});

describe('graphs that make no sense', () => {
  it('a cycle', async () => {
    const bytes = smallNetBytes({ nodes: [node('Relu', ['b'], ['a']), node('Relu', ['a'], ['b'])] });
    expect(await scanBytes(bytes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cycle') as string,
    });
  });

  it('a value that nobody makes', async () => {
    const bytes = smallNetBytes({ nodes: [node('Add', ['y', 'nowhere'], ['z'])] });
    expect(await scanBytes(bytes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'nowhere'") as string,
    });
  });

  it('a value made twice', async () => {
    const bytes = smallNetBytes({ nodes: [node('Relu', ['y'], ['n'])] });
    expect(await scanBytes(bytes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('two nodes') as string,
    });
  });

  it('shape and byte length that disagree', async () => {
    const bytes = withWeight((tensor) =>
      tensor
        .ints(TENSOR.dims, [8, 3, 3, 3])
        .int(TENSOR.dataType, 1)
        .bytes(TENSOR.rawData, new Uint8Array(100)),
    );
    expect(await scanBytes(bytes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('needs 864 bytes, but the file holds 100') as string,
    });
  });

  it('dimensions that are negative, or larger than any memory', async () => {
    for (const dims of [
      [8, -3, 3, 3],
      [2 ** 30, 2 ** 30, 3, 3],
    ]) {
      const bytes = withWeight((tensor) => tensor.ints(TENSOR.dims, dims).int(TENSOR.dataType, 1));
      expect((await scanBytes(bytes)).code).toBe(2);
    }
  });

  it('a million nodes: refused in bounded time and memory', async () => {
    const one = new WireWriter()
      .bytes(GRAPH.node, new WireWriter().text(NODE.opType, 'Relu').finish())
      .finish();
    const graph = Buffer.alloc(one.length * 1_000_000);
    for (let i = 0; i < 1_000_000; i++) graph.set(one, i * one.length);
    const started = performance.now();
    const result = await scanBytes(
      new WireWriter().int(MODEL.irVersion, 8).bytes(MODEL.graph, graph).finish(),
    );
    expect(result).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('more than 200000 nodes') as string,
    });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('a long chain of operators behind a convolution', async () => {
    const chain = Array.from({ length: 50_000 }, (_, i) =>
      node('Relu', [i === 0 ? 'c' : `v${i - 1}`], [`v${i}`]),
    );
    expect((await scanBytes(smallNetBytes({ nodes: chain }))).code).toBe(0);
  });

  it('deeply nested subgraphs', async () => {
    const info = valueInfo('o', 'float32', [1]);
    let graph: OnnxGraph = graphOf({ nodes: [node('Identity', ['x'], ['o'])], inputs: [], outputs: [info] });
    for (let depth = 0; depth < 40; depth++) {
      graph = graphOf({
        nodes: [
          {
            ...node('If', ['cond'], ['o']),
            attributes: new Map([['then_branch', { type: 'graph', value: graph }]]),
          },
        ],
        inputs: [],
        outputs: [info],
      });
    }
    const bytes = encodeModel(
      modelOf({ ...graph, inputs: [valueInfo('x', 'float32', [1]), valueInfo('cond', 'bool', [])] }, 17),
    );
    expect(await scanBytes(bytes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nested') as string,
    });
  });

  it('convolutions inside a subgraph are listed as not scored', async () => {
    const { graph } = smallNet();
    const inner = graphOf({
      nodes: [node('Conv', ['x', 'w'], ['ic'], {}, 'inner')],
      inputs: [],
      outputs: [valueInfo('ic', null, null)],
    });
    const branch = {
      ...node('If', ['cond'], ['z']),
      attributes: new Map([
        ['then_branch', { type: 'graph', value: inner } as const],
        ['n', int(1)],
      ]),
    };
    const inputs = [...graph.inputs, valueInfo('cond', 'bool', [])];
    const { report } = await findingsOf(
      encodeModel(modelOf({ ...graph, inputs, nodes: [...graph.nodes, branch] }, 17)),
    );
    expect(report.layers.find(({ name }) => name === 'inner')).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('subgraph') as string,
    });
  });
});

describe('values that are odd', () => {
  it('raw_data and typed data at once is an error-level finding', async () => {
    const values = wavy(216);
    const bytes = withWeight((tensor) => {
      tensor
        .ints(TENSOR.dims, [8, 3, 3, 3])
        .int(TENSOR.dataType, 1)
        .bytes(TENSOR.floatData, raw(wavy(216, 2)))
        .bytes(TENSOR.rawData, raw(values));
    });
    const { result, report } = await findingsOf(bytes);
    expect(result.code).toBe(1);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: 'onnx-ambiguous-tensor', level: 'error', tensor: 'w' }),
    );
    expect(report.summary.scored).toBe(1);
  });

  it('an initializer given twice is an error-level finding, operators of its own are a warning', async () => {
    const weight = (tensor: WireWriter): void => {
      tensor
        .ints(TENSOR.dims, [8, 3, 3, 3])
        .int(TENSOR.dataType, 1)
        .bytes(TENSOR.rawData, raw(wavy(216)));
    };
    const swish = new WireWriter().message(MODEL.functions, (own) => void own.text(1, 'Swish'));
    const bytes = Buffer.concat([withWeight(weight, 2), swish.finish()]);
    const { result, report } = await findingsOf(bytes);
    expect(result.code).toBe(1);
    expect(report.findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'onnx-duplicate-initializer', level: 'error', tensor: 'w' }),
        expect.objectContaining({ id: 'onnx-functions', level: 'warning' }),
      ]),
    );
  });

  it('NaN and infinite weights, zero and negative variance: null, with a finding, and never in mean and std', async () => {
    const weight = wavy(216);
    weight[0] = NaN;
    weight[30] = Infinity;
    const variance = Float32Array.from([1, 1, 0, -1, 1, 1, 1, 1]);
    const { result, report } = await findingsOf(smallNetBytes({ weight, variance }));
    expect(result.code).toBe(0);
    const [layer] = report.layers;
    expect(layer!.uclc.map((value) => value === null)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    const finite = layer!.uclc.filter((value) => value !== null);
    expect(layer!.mean).toBeCloseTo(finite.reduce((a, b) => a + b, 0) / 4, 12);
    expect(report.findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['non-finite-weight', 'zero-variance', 'negative-variance']),
    );
  });

  it('names with control characters, HTML and reversed text are shown as text', async () => {
    const conv = '\u001b[31m<img src=x onerror=alert(1)>\u202egnp.\n\u0007';
    const text = await scanBytes(smallNetBytes({ names: { conv } }), '--u', '0');
    // eslint-disable-next-line no-control-regex
    expect(text.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text.stdout).toContain('\\u{1b}[31m<img');
    const { report } = await findingsOf(smallNetBytes({ names: { conv } }));
    expect(report.layers[0]!.name).toBe(conv);
  });
});

describe('external data', () => {
  const external = (location: string, length = 864) =>
    withWeight((tensor) => {
      tensor.ints(TENSOR.dims, [8, 3, 3, 3]).int(TENSOR.dataType, 1);
      for (const [key, value] of [
        ['location', location],
        ['length', String(length)],
      ] as const) {
        tensor.message(TENSOR.externalData, (entry) => void entry.text(1, key).text(2, value));
      }
      tensor.int(TENSOR.dataLocation, 1);
    });

  it('missing or too short', async () => {
    await inTemporaryFolder((folder) => {
      const file = path.join(folder, 'm.onnx');
      writeFileSync(file, external('w.data'));
      expect(scour('scan', file)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("'w.data'") as string,
      });
      writeFileSync(path.join(folder, 'w.data'), new Uint8Array(100));
      expect(scour('scan', file)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('has only 100') as string,
      });
    });
  });

  it('outside the folder by .., by an absolute path, or by a link: a finding, and never read', async () => {
    await inTemporaryFolder((folder) => {
      const inner = path.join(folder, 'inner');
      mkdirSync(inner);
      const secret = path.join(folder, 'secret.data');
      writeFileSync(secret, raw(wavy(216)));
      symlinkSync(secret, path.join(inner, 'link.data'));
      for (const location of ['../secret.data', secret, 'link.data', '..\\secret.data', 'C:\\secret.data']) {
        const file = path.join(inner, 'm.onnx');
        writeFileSync(file, external(location));
        const result = scour('scan', file, '--format', 'json');
        const report = JSON.parse(result.stdout) as ScanReport;
        expect(result.code).toBe(1);
        expect(report.findings).toContainEqual(
          expect.objectContaining({ id: 'external-data-escape', level: 'error' }),
        );
        expect(report.layers[0]).toMatchObject({ status: 'skipped' });
        expect(scour('scan', file, '--fail-on', 'never').code).toBe(2);
      }
    });
  });

  it("Hugging Face's cache, where model and data are links into ../../blobs, is read", async () => {
    await inTemporaryFolder((folder) => {
      const repository = path.join(folder, 'models--o--n');
      const snapshot = path.join(repository, 'snapshots', 'abc');
      mkdirSync(snapshot, { recursive: true });
      mkdirSync(path.join(repository, 'blobs'));
      writeFileSync(path.join(repository, 'blobs', '1'), external('m.data'));
      writeFileSync(path.join(repository, 'blobs', '2'), raw(wavy(216)));
      symlinkSync('../../blobs/1', path.join(snapshot, 'm.onnx'));
      symlinkSync('../../blobs/2', path.join(snapshot, 'm.data'));
      expect(scour('scan', path.join(snapshot, 'm.onnx')).code).toBe(0);
    });
  });
});

describe('outputs', () => {
  it('is never the input, nor a link to it, and never an existing file without --force', async () => {
    await inTemporaryFolder((folder) => {
      const input = path.join(folder, 'm.onnx');
      writeFileSync(input, smallNetBytes());
      const before = digest(input);
      linkSync(input, path.join(folder, 'hard.onnx'));
      symlinkSync(input, path.join(folder, 'soft.onnx'));
      for (const output of [
        input,
        path.join(folder, 'hard.onnx'),
        path.join(folder, 'soft.onnx'),
        path.join(folder, '.', 'x', '..', 'm.onnx'),
      ]) {
        expect(scour('prune', input, '--output', output, '--force')).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('never overwrites') as string,
        });
      }
      const existing = path.join(folder, 'there.onnx');
      writeFileSync(existing, 'mine');
      expect(scour('prune', input, '--output', existing)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('exists already') as string,
      });
      expect(readFileSync(existing, 'utf8')).toBe('mine');
      expect(scour('prune', input, '--output', existing, '--force', '--u', '1').code).toBe(0);
      expect(digest(input)).toBe(before);
      expect(scour('prune', input, '--output', path.join(input, 'below', 'a.onnx')).code).toBe(2);
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });
  });

  it('is never the external data of the input', async () => {
    await inTemporaryFolder((folder) => {
      for (const name of ['external-one.onnx', 'external-one.onnx.data'])
        copyFileSync(path.join(FIXTURES, 'onnx', name), path.join(folder, name));
      const data = path.join(folder, 'external-one.onnx.data');
      const before = digest(data);
      expect(scour('prune', path.join(folder, 'external-one.onnx'), '--output', data, '--force').code).toBe(
        2,
      );
      expect(digest(data)).toBe(before);
    });
  });

  it('leaves nothing behind when the model is broken', async () => {
    await inTemporaryFolder((folder) => {
      const input = path.join(folder, 'm.onnx');
      writeFileSync(input, smallNetBytes().subarray(0, 500));
      expect(scour('prune', input, '--output', path.join(folder, 'out.onnx')).code).toBe(2);
      expect(readdirSync(folder)).toEqual(['m.onnx']);
    });
  });
});

describe('a file that changes while it is read', () => {
  it('is an error', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'm.onnx');
      // Sparse and large enough that reading takes a while.
      const data = openSync(path.join(folder, 'w.data'), 'w');
      const elements = 128 * 1024 * 1024;
      ftruncateSync(data, elements * 4);
      closeSync(data);
      writeFileSync(
        file,
        withWeight((tensor) => {
          tensor
            .ints(TENSOR.dims, [elements / 9 / 64 / 8 > 1 ? 16384 : 8, elements / 16384 / 16, 4, 4])
            .int(TENSOR.dataType, 1);
          tensor.message(TENSOR.externalData, (entry) => void entry.text(1, 'location').text(2, 'w.data'));
          tensor.int(TENSOR.dataLocation, 1);
        }),
      );
      const { done } = startScour('scan', file);
      // Again and again: on a busy machine, reading may begin after the first.
      const changing = setInterval(() => appendFileSync(path.join(folder, 'w.data'), 'x'), 400);
      const result = await done.finally(() => clearInterval(changing));
      expect(result.stderr).toContain('changed while it was read');
      expect(result.code).toBe(2);
    });
  });
});

describe('the command line', () => {
  it('without arguments prints the help and exits 4', () => {
    expect(scour()).toMatchObject({ code: 4, stdout: expect.stringContaining('Usage: scour') as string });
  });

  it.each([
    [['frobnicate'], /no command 'frobnicate'/],
    [['scan'], /at least one model/],
    [['scan', 'a.onnx', '--nope'], /--nope/],
    [['scan', 'a.onnx', '--u', 'three'], /--u takes a number/],
    [['scan', 'a.onnx', '--u', '-1'], /--u/],
    [['scan', 'a.onnx', '--format', 'xml'], /--format takes/],
    [['prune', 'a.onnx'], /--output is missing/],
    [['prune', 'a.onnx', 'b.onnx', '--output', 'c.onnx'], /takes one model/],
    [['prune', 'a.onnx', '--output', 'c.onnx', '--mean', '1,2,3,4'], /--mean takes/],
  ])('%j is a usage error', (args, message) => {
    const result = scour(...args);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(4);
  });

  it('--help and --version work everywhere', () => {
    for (const args of [
      ['--help'],
      ['scan', '--help'],
      ['prune', '--help'],
      ['--version'],
      ['scan', '--version'],
    ]) {
      expect(scour(...args)).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('several models: a failure makes it 2, and the others are still reported', async () => {
    await inTemporaryFolder((folder) => {
      const good = path.join(folder, 'good.onnx');
      const bad = path.join(folder, 'bad.onnx');
      writeFileSync(good, smallNetBytes());
      writeFileSync(bad, '');
      const result = scour('scan', good, bad, '--format', 'json');
      expect(result.code).toBe(2);
      expect((JSON.parse(result.stdout) as { schema: string }[]).map(({ schema }) => schema)).toEqual([
        'scour.scan/1',
        'scour.error/1',
      ]);
      expect(scour('scan', bad, bad).code).toBe(3);
      const sarif = JSON.parse(scour('scan', good, bad, '--format', 'sarif').stdout) as {
        version: string;
        runs: { invocations: { executionSuccessful: boolean }[] }[];
      };
      expect(sarif.version).toBe('2.1.0');
      expect(sarif.runs[0]!.invocations[0]!.executionSuccessful).toBe(false);
    });
  });

  it('--fail-on decides at which level findings count', async () => {
    const net = smallNetBytes({ gamma: Float32Array.from([1, 1, 1, 1, 1, 1, 400, 1]) });
    expect((await scanBytes(net, '--u', '2')).code).toBe(0);
    expect((await scanBytes(net, '--u', '2', '--fail-on', 'note')).code).toBe(1);
  });

  it('writes the report to a file as well', async () => {
    await inTemporaryFolder((folder) => {
      const file = path.join(folder, 'm.onnx');
      const report = path.join(folder, 'report.json');
      writeFileSync(file, smallNetBytes());
      const { stdout } = scour('scan', file, '--format', 'json', '--output-report', report);
      expect(readFileSync(report, 'utf8')).toBe(stdout);
      expect(scour('scan', file, '--output-report', file).code).toBe(2);
      expect(existsSync(file)).toBe(true);
    });
  });
});

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
