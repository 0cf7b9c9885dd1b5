import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { pruneModel } from '../../src/engine/jobs/prune';
import { encodeModel } from '../../src/model/onnx/encode';
import { openOnnx } from '../../src/model/onnx/open';
import { valueInfo } from '../../src/model/onnx/build';
import { PROVENANCE_KEY } from '../../src/model/onnx/facts';
import type { PruneReport } from '../../src/protocol/prune';
import type { ScanReport } from '../../src/protocol/scan';
import { toHalf } from '../../src/runtime/half';
import { inTemporaryFolder, quiet, scan } from '../support/jobs';
import { FIXTURES } from '../support/paths';

const FOLDER = path.join(FIXTURES, 'onnx');
const { files } = JSON.parse(readFileSync(path.join(FOLDER, 'expected.json'), 'utf8')) as {
  files: Record<string, { what: string; runs?: boolean; layers: unknown[] }>;
};

/** Low, so that small layers have channels above it. */
const U = 0.8;

describe('pruning what exporters write', () => {
  for (const [name, { what, runs = true, layers }] of Object.entries(files)) {
    if (layers.length === 0) continue;
    it(`${name}: ${what}`, async () => {
      await inTemporaryFolder(async (folder) => {
        const input = path.join(FOLDER, name);
        const before = readFileSync(input);
        const output = path.join(folder, 'pruned.onnx');
        const report = await pruneModel(input, { u: U, output, force: false }, quiet());
        expect(report.channels).toBeGreaterThan(0);
        expect(readFileSync(input).equals(before)).toBe(true);
        await expectScoresToVanish(input, output, report);
        // NaN and infinity spread through every channel that comes after.
        const original = await scan(input);
        const finite = !original.findings.some(({ id }) => id === 'non-finite-weight');
        if (runs && finite) await expectSilence(output, report, original, folder);
      });
    });
  }
});

/** Scanning again: the pruned channels score 0, every other keeps its score to the bit. */
async function expectScoresToVanish(input: string, output: string, report: PruneReport): Promise<void> {
  const original = await scan(input, { u: U });
  const pruned = await scan(output, { u: U });
  expect(pruned.layers.map(({ name }) => name)).toEqual(original.layers.map(({ name }) => name));
  pruned.layers.forEach((layer, i) => {
    const gone = new Set(report.layers.find(({ name }) => name === layer.name)?.channels);
    layer.uclc.forEach((value, k) => expect(value).toBe(gone.has(k) ? 0 : original.layers[i]!.uclc[k]));
  });
  expect(pruned.model.provenance?.[PROVENANCE_KEY]).toContain(original.model.sha256);
  expect(pruned.findings.map(({ id }) => id)).toContain('made-by-scour');
}

/** Running it: what leaves the norm (or the convolution) is zero in each pruned channel and not in all others. */
async function expectSilence(
  output: string,
  report: PruneReport,
  original: ScanReport,
  folder: string,
): Promise<void> {
  const file = openOnnx(output);
  try {
    const { model, index } = file;
    const watched = report.layers.map((layer) => {
      const named = (name: string) =>
        model.graph.nodes.find((node) => (node.name || node.outputs[0]) === name);
      const conv = named(layer.name.split(' → ')[0]!)!;
      let value = (layer.norm === null ? conv : named(layer.norm)!).outputs[0]!;
      // A factor or a bias kept as its own node: the shift that follows belongs to the channel too.
      for (;;) {
        const [use] = index.uses(value);
        const stored =
          use &&
          ['Add', 'Sub'].includes(use.node.opType) &&
          use.node.inputs.some((each) => model.graph.initializers.has(each));
        if (!stored) break;
        value = use.node.outputs[0]!;
      }
      const size = original.layers.find(({ name }) => name === layer.name)!.channels;
      // A quantised convolution's zero is its output's zero point.
      const silence =
        conv.opType === 'QLinearConv' ? Number(file.evaluator.evaluate(conv.inputs[7]!).values[0]) : 0;
      return { ...layer, value, size, silence };
    });
    const exposed = path.join(folder, 'exposed.onnx');
    const extra = watched
      .filter(({ value }) => !index.isOutput(value))
      .map(({ value }) => valueInfo(value, null, null));
    const graph = { ...model.graph, outputs: [...model.graph.outputs, ...extra] };
    writeFileSync(
      exposed,
      encodeModel({ ...model, graph }, (tensor) => file.reader.bytes(tensor)),
    );
    const session = await ort.InferenceSession.create(exposed, { logSeverityLevel: 3 });
    const feeds = Object.fromEntries(
      session.inputMetadata
        .filter((input) => input.isTensor && !model.graph.initializers.has(input.name))
        .map((input) => {
          if (!input.isTensor) throw new TypeError('not a tensor');
          const dims = input.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 2));
          const size = dims.reduce((a, b) => a * b, 1);
          const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7) + 0.1);
          return [input.name, tensorOf(input.type, values, dims)];
        }),
    );
    const outputs = await session.run(feeds);
    for (const { value, channels, size, silence } of watched) {
      const { data, dims } = outputs[value]!;
      const values = Array.from(data as Float32Array, Number);
      // Channels are axis 1, or the last one where a Transpose has moved them.
      const axis = dims[1] === size ? 1 : dims.length - 1;
      const channelCount = dims[axis]!;
      const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const largest = Array.from({ length: channelCount }, (_, k) =>
        Math.max(
          ...values
            .filter((_each, i) => Math.floor(i / inner) % channelCount === k)
            .map((each) => Math.abs(each - silence)),
        ),
      );
      for (const k of channels) expect(largest[k]).toBe(0);
      expect(largest.some((each) => each > 0)).toBe(true);
    }
    await session.release();
  } finally {
    file.close();
  }
}

function tensorOf(type: string, values: Float32Array, dims: number[]): ort.Tensor {
  if (type === 'float16') return new ort.Tensor('float16', toHalf(values), dims);
  if (type === 'float64') return new ort.Tensor('float64', Float64Array.from(values), dims);
  if (type === 'uint8')
    return new ort.Tensor(
      'uint8',
      Uint8Array.from(values, (value) => Math.abs(value) * 100),
      dims,
    );
  if (type === 'int8')
    return new ort.Tensor(
      'int8',
      Int8Array.from(values, (value) => value * 100),
      dims,
    );
  return new ort.Tensor('float32', values, dims);
}
