import { isCounted } from '../../evaluation/measure';
import type { Trigger } from '../../attacks/trigger';
import { Inputs, type TestedModel } from '../../evaluation/tested-model';
import { folderPairs, syntheticPairs, type Pairs } from '../../evaluation/pairs';
import { thumbnail } from '../../evaluation/thumbnails';
import { combinedKey, sha256Of } from '../../model/digest';
import { FileSource } from '../../model/source';
import type {
  EvaluateParams,
  EvaluationReport,
  EvaluationSample,
  ModelEvaluation,
} from '../../protocol/evaluation';
import { VERSION } from '../../protocol/version';
import { count, visible } from '../../protocol/wording';
import { NO_PREDICTION } from '../../runtime/classifier';
import type { JobContext } from '../job-context';
import { requireGraph } from '../subjects/model-graph';
import { withTested } from '../subjects/with-tested';
import { gatherEvidence } from './evidence';
import {
  createTriggers,
  releaseTriggers,
  reportedAttacks,
  setUp,
  skippedOf,
  type Setup,
} from './evaluation-setup';
import { allPredicted, measureModels, type ModelCounts } from './measure-models';

const DEFAULT_SAMPLES = 8;
const DEFAULT_TAC_IMAGES = 200;
const DEFAULT_EMBEDDING_IMAGES = 200;

/**
 * ACC of each model on clean images, ASR and RA on triggered ones (METHODS.md §4), with the evidence that panels and
 * reports show. Throws UsageError, ModelError, DataError, RuntimeError or CancelledError.
 */
export async function evaluateModels(params: EvaluateParams, context: JobContext): Promise<EvaluationReport> {
  await context.tick('Opening the data', 0);
  const setup = await setUp(params);
  const hashes = await hashModels(params.models, context.within(0, 0.02));
  await context.tick('Loading the models', null);
  return withTested(params.models, params.preprocessing ?? {}, setup.run, async (models) => {
    const triggers = await createTriggers(setup, models[0]!.preprocessing);
    try {
      return await report(params, setup, models, hashes, triggers, context.within(0.02, 1));
    } finally {
      await releaseTriggers(triggers);
    }
  });
}

/** SHA-256 of each model. Throws ModelError for what is no model, RuntimeError for one without a graph. */
async function hashModels(paths: readonly string[], context: JobContext): Promise<string[]> {
  const hashes: string[] = [];
  for (const path of paths) {
    requireGraph(path);
    const source = new FileSource(path);
    try {
      hashes.push(
        combinedKey(await sha256Of(source, (done) => context.tick('Hashing', done / source.size)), []),
      );
    } finally {
      source.close();
    }
  }
  return hashes;
}

async function report(
  params: EvaluateParams,
  setup: Setup,
  models: readonly TestedModel[],
  hashes: readonly string[],
  triggers: ReadonlyMap<string, Trigger>,
  context: JobContext,
): Promise<EvaluationReport> {
  const wanted = {
    samples: params.samples ?? DEFAULT_SAMPLES,
    tac: params.tacImages ?? DEFAULT_TAC_IMAGES,
    embedding: params.embeddingImages ?? DEFAULT_EMBEDDING_IMAGES,
  };
  const most = setup.attacks.length === 0 ? 0 : Math.max(wanted.samples, wanted.tac, wanted.embedding);
  const share = most === 0 ? 1 : 0.7;
  const { counts } = await measureModels(setup, models, triggers, context.within(0, share));
  const pairs = most === 0 ? [] : await allPairs(setup, models[0]!, triggers, most, context);
  const warnings = [...setup.warnings, ...modelWarnings(models, counts)];
  const evaluations: ModelEvaluation[] = [];
  for (const [i, model] of models.entries()) {
    const part = context.within(
      share + ((1 - share) * i) / models.length,
      share + ((1 - share) * (i + 1)) / models.length,
    );
    const isLooking = pairs.length > 0 && Math.max(wanted.tac, wanted.embedding) > 0;
    const evidence = isLooking
      ? await gatherEvidence(
          {
            model,
            pairs,
            tacImages: wanted.tac,
            embeddingImages: wanted.embedding,
            seed: setup.seed,
            run: setup.run,
          },
          part,
        )
      : { tac: [], embeddings: [], warnings: [] };
    warnings.push(...evidence.warnings);
    const { clean, attacks } = counts[i]!;
    evaluations.push({
      path: model.path,
      sha256: hashes[i]!,
      ...clean.result(),
      ...(i === 0 ? {} : { agreement: clean.agreement }),
      attacks: attacks.map(({ name, tally }) => tally.result(name)),
      tac: [...evidence.tac],
      embeddings: [...evidence.embeddings],
      preprocessing: model.preprocessing,
      device: model.classifier.device,
    });
  }
  const { dataset, samples, skips } = setup;
  return {
    schema: 'scour.evaluation/1',
    version: VERSION,
    data: { path: params.data, images: dataset.samples.length, used: samples.length },
    classes: dataset.classes === null ? null : [...dataset.classes],
    preprocessing: models[0]!.preprocessing,
    target: setup.target,
    attacks: reportedAttacks(setup),
    models: evaluations,
    samples: await sampleImages(pairs, models, wanted.samples),
    seed: setup.seed,
    skipped: skippedOf(setup),
    complete: skips.list.length === 0 && allPredicted(counts),
    warnings: [...new Set(warnings)],
  };
}

/** Warnings of the models themselves, and of images that one of them has no prediction for. */
function modelWarnings(models: readonly TestedModel[], counts: readonly ModelCounts[]): string[] {
  return models.flatMap((model, i) => {
    const { clean, attacks } = counts[i]!;
    const missing = clean.undefined + attacks.reduce((sum, { tally }) => sum + tally.undefined, 0);
    return [
      ...model.warnings,
      ...(missing === 0
        ? []
        : [
            `${visible(model.path)}: scores of ${count(missing, 'image')} are not numbers; they count as misses.`,
          ]),
    ];
  });
}

interface NamedPairs {
  readonly attack: string;
  readonly pairs: Pairs;
}

async function allPairs(
  setup: Setup,
  { preprocessing }: TestedModel,
  triggers: ReadonlyMap<string, Trigger>,
  limit: number,
  { signal }: JobContext,
): Promise<NamedPairs[]> {
  const { samples, dataset, target, attacks, skips, seed } = setup;
  const k = dataset.classes?.length ?? 0;
  const others = samples.filter((sample) => isCounted(sample, target, k));
  const options = { limit, seed, signal, onSkip: skips.forSet(dataset.root, samples.length) };
  const all: NamedPairs[] = [];
  for (const { name, folder } of attacks) {
    const pairs =
      folder === null
        ? await syntheticPairs(others, triggers.get(name)!, preprocessing, options)
        : await folderPairs(folder.samples, others, preprocessing, {
            ...options,
            onSkipTriggered: skips.forSet(folder.root, folder.samples.length),
          });
    all.push({ attack: name, pairs });
  }
  return all;
}

/** The first images of each attack, drawn evenly, with what every model makes of them. */
async function sampleImages(
  all: readonly NamedPairs[],
  models: readonly TestedModel[],
  limit: number,
): Promise<EvaluationSample[]> {
  const shown: EvaluationSample[] = [];
  for (const { attack, pairs } of all) {
    const { clean, triggered, paired } = pairs;
    const size = models[0]!.preprocessing;
    const indices = evenly(triggered.samples.length, limit);
    const before = paired ? await predictAt(clean.pixels, indices, models) : null;
    const after = await predictAt(triggered.pixels, indices, models);
    indices.forEach((index, i) => {
      const { name, label } = triggered.samples[index]!;
      shown.push({
        attack,
        name,
        label: label!,
        clean: before && { image: thumbnail(clean.pixels, index, size), predictions: before[i]! },
        triggered: { image: thumbnail(triggered.pixels, index, size), predictions: after[i]! },
      });
    });
  }
  return shown;
}

/** At most `limit` of 0 … n − 1, spread evenly. */
function evenly(n: number, limit: number): number[] {
  const taken = Math.min(n, limit);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * n) / taken));
}

/** Predictions of every model for the images at `indices`: one list an image. */
async function predictAt(
  pixels: Uint8Array,
  indices: readonly number[],
  models: readonly TestedModel[],
): Promise<(number | null)[][]> {
  const { width, height } = models[0]!.preprocessing;
  const size = width * height * 3;
  const rows: (number | null)[][] = [];
  for (const index of indices) {
    const inputs = new Inputs(pixels.subarray(index * size, (index + 1) * size), 1);
    const row: (number | null)[] = [];
    for (const model of models) {
      const [predicted] = (await inputs.predict(model)).predicted;
      row.push(predicted === NO_PREDICTION ? null : predicted!);
    }
    rows.push(row);
  }
  return rows;
}
