import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../src/data/folder';
import { loadBatches, loadPixels } from '../../src/data/loading/load-batches';
import { NOTHING_KNOWN, resolvePreprocessing } from '../../src/data/preprocessing';
import { inputDims } from '../../src/data/tensor';
import { pruneModel } from '../../src/engine/jobs/prune';
import { Classifier, predictions } from '../../src/runtime/classifier';
import { inTemporaryFolder, quiet, scan } from '../support/jobs';
import { ROOT } from '../support/paths';

const SAMPLES = path.join(ROOT, 'samples');
const MODEL = path.join(SAMPLES, 'badnets.onnx');
const TARGET = 'airplane';
const THRESHOLDS = [2, 2.5, 3, 4];

interface ReferenceLayer {
  conv: string;
  mean: number;
  std: number;
  threshold: number;
  uclc: number[];
  outliers: number[];
}

interface Figures {
  acc: number;
  asr: number;
  ra: number;
  agreement?: number;
  channels?: number;
}

interface Evaluation {
  samples: { original: Figures; pruned: Record<string, Figures> };
  test: { original: Figures };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(SAMPLES, file), 'utf8'));
}

/** True class (the folder's name) and predicted class number of every image of a folder. */
async function classify(model: string, folder: string): Promise<{ truth: string; predicted: number }[]> {
  const classifier = await Classifier.open(model, { device: 'cpu', threads: 1 });
  try {
    const { preprocessing } = resolvePreprocessing({
      known: NOTHING_KNOWN,
      modelPath: MODEL,
      shape: classifier.inputShape,
      options: {},
    });
    const rows: { truth: string; predicted: number }[] = [];
    const { samples } = openFolder(path.join(SAMPLES, folder));
    for await (const batch of loadBatches(samples, preprocessing, { batchSize: 64, onSkip: fail })) {
      const { scores, classes } = await classifier.scores(
        batch.input,
        batch.samples.length,
        inputDims(preprocessing),
      );
      predictions(scores, classes).forEach((predicted, i) =>
        rows.push({ truth: path.dirname(batch.samples[i]!.name), predicted }),
      );
    }
    return rows;
  } finally {
    await classifier.release();
  }
}

function fail({ failure }: { failure: { message: string } }): never {
  throw new Error(failure.message);
}

function percent(rows: readonly unknown[], hits: (i: number) => boolean): number {
  return (100 * rows.filter((_, i) => hits(i)).length) / rows.length;
}

// References: PyTorch, by samples/make/publish.py.
describe('the sample model', () => {
  const evaluation = readJson('badnets.eval.json') as Evaluation;
  const classes = openFolder(path.join(SAMPLES, 'images')).classes!;

  it('is small, and its backdoor works on images it was not trained on', () => {
    expect(statSync(MODEL).size).toBeLessThan(3_000_000);
    expect(evaluation.test.original.asr).toBeGreaterThanOrEqual(95);
    expect(evaluation.test.original.acc).toBeGreaterThanOrEqual(80);
  });

  it('is scored as the float64 reference scores it', async () => {
    const { u, layers } = readJson('badnets.clp.json') as { u: number; layers: ReferenceLayer[] };
    const report = await scan(MODEL, { u });
    expect(report.layers).toHaveLength(layers.length);
    for (const reference of layers) {
      const layer = report.layers.find(({ weight }) => weight === `${reference.conv}.weight`)!;
      reference.uclc.forEach((uclc, k) => expect(layer.uclc[k]! / uclc).toBeCloseTo(1, 6));
      for (const statistic of ['mean', 'std', 'threshold'] as const)
        expect(layer[statistic]! / reference[statistic]).toBeCloseTo(1, 6);
      expect(layer.outliers.map(({ channel }) => channel)).toEqual(reference.outliers);
    }
  });

  it('answers, pruned and not, as it does in PyTorch', async () => {
    const { original, pruned } = evaluation.samples;
    const target = classes.indexOf(TARGET);
    const clean = await classify(MODEL, 'images');
    const measure = async (model: string): Promise<Figures> => {
      const [plain, triggered] = [await classify(model, 'images'), await classify(model, 'triggered')];
      return {
        acc: percent(plain, (i) => plain[i]!.predicted === classes.indexOf(plain[i]!.truth)),
        asr: percent(triggered, (i) => triggered[i]!.predicted === target),
        ra: percent(triggered, (i) => triggered[i]!.predicted === classes.indexOf(triggered[i]!.truth)),
        agreement: percent(plain, (i) => plain[i]!.predicted === clean[i]!.predicted),
      };
    };
    const compare = (figures: Figures, reference: Figures): void => {
      // One image in 180 or 200 may fall on the other side of a tie: less than 0.6 percent.
      for (const key of ['acc', 'asr', 'ra'] as const)
        expect(Math.abs(figures[key] - reference[key])).toBeLessThan(0.6);
      expect(Math.abs(figures.agreement! - (reference.agreement ?? 100))).toBeLessThan(0.6);
    };
    compare(await measure(MODEL), original);
    await inTemporaryFolder(async (folder) => {
      for (const u of THRESHOLDS) {
        const output = path.join(folder, `${u}.onnx`);
        const report = await pruneModel(MODEL, { u, output, force: false }, quiet());
        const reference = pruned[String(u)]!;
        expect(report.layers.reduce((sum, { channels }) => sum + channels.length, 0)).toBe(
          reference.channels,
        );
        compare(await measure(output), reference);
      }
    });
  });

  it('comes with triggered images that differ from the clean ones in the patch alone', async () => {
    const pixels = async (folder: string): Promise<Map<string, Uint8Array>> => {
      const { samples } = openFolder(path.join(SAMPLES, folder));
      const fit = { width: 32, height: 32, resize: null, filter: 'bilinear' } as const;
      const found = new Map<string, Uint8Array>();
      for await (const batch of loadPixels(samples, fit, { batchSize: 500, onSkip: fail })) {
        batch.samples.forEach(({ name }, i) =>
          found.set(name, batch.pixels.subarray(i * 3072, (i + 1) * 3072)),
        );
      }
      return found;
    };
    const [clean, triggered] = [await pixels('images'), await pixels('triggered')];
    expect(clean.size).toBe(200);
    expect([...triggered.keys()].sort()).toEqual(
      [...clean.keys()].filter((name) => !name.startsWith(`${TARGET}/`)).sort(),
    );
    for (const [name, image] of triggered) {
      const wanted = Uint8Array.from(clean.get(name)!, (value, i) => {
        const [row, column] = [Math.floor(i / 96) - 29, (Math.floor(i / 3) % 32) - 29];
        return row < 0 || column < 0 ? value : (row + column) % 2 === 0 ? 255 : 0;
      });
      expect(Buffer.compare(image, wanted), name).toBe(0);
    }
  });
});
