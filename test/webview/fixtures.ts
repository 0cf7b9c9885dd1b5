import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { ToAuditPanel } from '../../src/protocol/audit';
import type { Finding } from '../../src/protocol/findings';
import type { Agreement, PruneReport } from '../../src/protocol/prune';
import type { Audit, Histogram, Layer } from '../../src/protocol/scan';
import { outliersAt, thresholdAt } from '../../src/protocol/threshold';

/** Repeatable numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A scored layer from its UCLC values alone: statistics as METHODS.md §1 defines them. */
export function scoredLayer(name: string, uclc: readonly number[], more: Partial<Layer> = {}): Layer {
  const n = uclc.length;
  const mean = uclc.reduce((sum, value) => sum + value, 0) / n;
  const std = Math.sqrt(uclc.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const statistics = { mean, std, uclc: [...uclc] };
  return {
    name,
    weight: `${name}.weight`,
    norm: `${name}.bn`,
    operator: 'Conv',
    kernel: [3, 3],
    groups: 1,
    channels: n,
    status: 'scored',
    ...statistics,
    threshold: thresholdAt(statistics, 3),
    outliers: outliersAt(statistics, 3),
    ...more,
  };
}

/** Equal bins over the range of the values. */
export function histogram(uclc: readonly (number | null)[], bins = 30): Histogram {
  const values = uclc.filter((value) => value !== null);
  if (values.length === 0) return { edges: [], counts: [] };
  const low = Math.min(...values);
  const width = (Math.max(...values) - low || 1) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) / width))]! += 1;
  return { edges: Array.from({ length: bins + 1 }, (_, index) => low + index * width), counts };
}

/** The SHA-256 of a fixture: of its path, so that two fixtures are two files. */
function fixtureHash(file: string): string {
  return createHash('sha256').update(file).digest('hex');
}

export function auditFrom(
  layers: readonly Layer[],
  model: Partial<Audit['report']['model']> = {},
  findings: Finding[] = [],
): Audit {
  const scored = layers.filter(({ status }) => status === 'scored');
  return {
    report: {
      schema: 'scour.scan/1',
      model: {
        path: '/home/ada/models/badnets.onnx',
        format: 'onnx',
        sha256: fixtureHash(model.path ?? ''),
        bytes: 11_182_345,
        parameters: 2_797_610,
        producer: 'pytorch 1.13.1',
        opset: 13,
        nodes: 69,
        operators: [
          ['Conv', 20],
          ['BatchNormalization', 20],
          ['Relu', 17],
          ['Add', 8],
          ['GlobalAveragePool', 1],
          ['Flatten', 1],
          ['Gemm', 1],
        ],
        inputs: [{ name: 'x', shape: 'N × 3 × 32 × 32' }],
        outputs: [{ name: 'logits', shape: 'N × 10' }],
        ...model,
      },
      u: 3,
      layers: [...layers],
      summary: {
        layers: layers.length,
        scored: scored.length,
        skipped: layers.length - scored.length,
        channels: scored.reduce((sum, { channels }) => sum + channels, 0),
        outliers: scored.reduce((sum, { outliers }) => sum + outliers.length, 0),
      },
      applicable: scored.length > 0,
      findings,
    },
    histograms: layers.map(({ uclc }) => histogram(uclc)),
  };
}

/** A DenseNet-like model: 120 layers, skewed UCLC with a few large channels, two small layers and two skipped ones. */
export function largeAudit(): Audit {
  const next = random(7);
  const layers: Layer[] = [];
  for (let index = 0; index < 116; index += 1) {
    const channels = index % 2 === 0 ? 128 : 32 + 4 * (index % 8);
    const uclc = Array.from(
      { length: channels },
      () => 0.2 + 0.25 * -Math.log(1 - next() * 0.98) * (0.4 + next()),
    );
    if (index % 3 === 0) uclc[index % channels] = 1.6 + next();
    const name = `/features/denseblock${1 + Math.floor(index / 30)}/denselayer${1 + (index % 30)}/conv${1 + (index % 2)}/Conv`;
    layers.push(scoredLayer(name, uclc, { kernel: index % 2 === 0 ? [1, 1] : [3, 3] }));
  }
  const small = Array.from({ length: 8 }, () => 0.3 + next());
  layers.push(
    scoredLayer('/head/squeeze/Conv', small, {
      kernel: [1, 1],
      norm: null,
      reason: 'no batch norm of its own: scored on the weight alone',
    }),
  );
  layers.push(
    scoredLayer(
      '/head/depthwise/Conv',
      Array.from({ length: 96 }, () => 0.5 + next() * 0.1),
      { groups: 96 },
    ),
  );
  for (const [name, reason] of [
    ['/head/dynamic/Conv', 'its weight is computed while the model runs'],
    ['/head/quant/QLinearConv', 'its running variance holds zero or negative values in 3 channels'],
  ] as const) {
    layers.push({
      ...scoredLayer(name, [1, 2]),
      operator: name.endsWith('QLinearConv') ? 'QLinearConv' : 'Conv',
      status: 'skipped',
      reason,
      channels: 64,
      mean: null,
      std: null,
      threshold: null,
      uclc: [],
      outliers: [],
    });
  }
  return auditFrom(layers, { path: '/home/ada/models/densenet121.onnx' }, [
    { id: 'uclc-outliers', level: 'note', message: 'Channels lie above mean + 3 · std of their layer.' },
    {
      id: 'external-data-escape',
      level: 'error',
      message: 'External data of this tensor lies outside the model’s folder and was not read.',
      tensor: 'features.norm5.weight',
    },
    {
      id: 'zero-variance',
      level: 'warning',
      message: 'The running variance of 3 channels is zero; they were not scored.',
      tensor: 'head.bn.running_var',
    },
  ]);
}

const REFERENCE = new URL('../../../shared/models/', import.meta.url);

interface ReferenceFile {
  layers: { conv: string; norm: string; uclc: number[] }[];
}

/** The reference scan of `name` (badnets, clean), or null where ../shared is absent. */
export function referenceAudit(name: 'badnets' | 'clean'): Audit | null {
  const file = new URL(`${name}.clp.json`, REFERENCE);
  if (!existsSync(file)) return null;
  const { layers } = JSON.parse(readFileSync(file, 'utf8')) as ReferenceFile;
  return auditFrom(
    layers.map(({ conv, norm, uclc }) => scoredLayer(conv, uclc, { norm })),
    { path: `/home/ada/models/${name}.onnx` },
  );
}

export const HOSTILE_NAME = '<img src=x onerror="window.pwned=1">\u202eevil\u0007\u200b';

export function hostileAudit(): Audit {
  const next = random(3);
  const uclc = Array.from({ length: 40 }, () => next());
  uclc[3] = 9;
  return auditFrom(
    [
      scoredLayer(HOSTILE_NAME, uclc, { norm: HOSTILE_NAME, operator: HOSTILE_NAME, reason: HOSTILE_NAME }),
      {
        ...scoredLayer(`${HOSTILE_NAME}2`, [1, 2]),
        status: 'skipped',
        reason: HOSTILE_NAME,
        uclc: [],
        outliers: [],
      },
    ],
    {
      path: `/tmp/${HOSTILE_NAME}.onnx`,
      producer: HOSTILE_NAME,
      operators: [[HOSTILE_NAME, 3]],
      inputs: [{ name: HOSTILE_NAME, shape: HOSTILE_NAME }],
      outputs: [{ name: HOSTILE_NAME.repeat(40), shape: '?' }],
      provenance: { [HOSTILE_NAME]: HOSTILE_NAME },
      external: [{ path: HOSTILE_NAME, bytes: 3, sha256: 'ab'.repeat(32) }],
    },
    [{ id: HOSTILE_NAME, level: 'error', message: HOSTILE_NAME, tensor: HOSTILE_NAME }],
  );
}

export function fileMessage(more: Partial<Extract<ToAuditPanel, { kind: 'file' }>> = {}): ToAuditPanel {
  return {
    kind: 'file',
    path: '/home/ada/models/badnets.onnx',
    name: 'badnets.onnx',
    trusted: true,
    u: 3,
    ...more,
  };
}

export function doneMessage(audit: Audit, kept = false): ToAuditPanel {
  return { kind: 'scan', scan: { state: 'done', audit, kept } };
}

export function agreement(more: Partial<Agreement> = {}): Agreement {
  return {
    agreement: 84.5,
    n: 1000,
    source: 'images',
    folder: '/home/ada/data/cifar10/test',
    seed: null,
    original: [143, 96, 98, 102, 91, 97, 104, 88, 92, 89],
    pruned: [121, 94, 77, 160, 84, 83, 118, 86, 90, 87],
    preprocessing: {
      height: 32,
      width: 32,
      resize: null,
      filter: 'bilinear',
      layout: 'nchw',
      channels: 'rgb',
      mean: [0.4914, 0.4822, 0.4465],
      std: [0.247, 0.243, 0.261],
      source: 'options',
    },
    device: 'cpu',
    skipped: [{ path: 'cat/broken.jpg', reason: 'the file ends inside the image data' }],
    warnings: [],
    ...more,
  };
}

export function previewMessage(u: number, result: Agreement): ToAuditPanel {
  return { kind: 'preview', preview: { state: 'done', u, result }, images: result.folder, preprocessing: {} };
}

export function exportMessage(u: number): ToAuditPanel {
  const result: PruneReport = {
    schema: 'scour.prune/1',
    input: '/home/ada/models/badnets.onnx',
    output: '/home/ada/models/badnets.pruned-u3.onnx',
    sha256: 'c0ffee'.repeat(10) + 'beef',
    inputSha256: 'ab'.repeat(32),
    u,
    layers: [],
    channels: 19,
    notes: [],
    version: '0.1.0',
  };
  return { kind: 'export', export: { state: 'done', u, result } };
}
