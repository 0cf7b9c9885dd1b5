import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open-dataset';
import { PixelPool } from '../../data/pixel-pool';
import { Random } from '../../data/random';
import { infer } from '../../defenses/asd/infer';
import type { LabelledImages } from '../../defenses/asd/training-set';
import { AttackTally, CleanTally } from '../../evaluation/tally';
import { triggeredSamples } from '../../evaluation/triggered-set';
import { DataError, UsageError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { Monitored } from '../../protocol/split';
import { visible } from '../../protocol/wording';
import type { Trainer } from '../../training/trainer';
import type { JobContext } from '../job-context';

/** Labelled images that the model is measured on while it is trained, and never learns from. */
export interface MonitorOptions {
  readonly test: string;
  /** Images that carry a trigger, by true class, and its target class. */
  readonly triggered: { readonly folder: string; readonly target: number } | null;
}

/** Measures a model in training on test images: ACC, and ASR and RA where triggered images were given. */
export class Monitor {
  /** What a user must know of the images. */
  readonly notes: readonly string[];
  private readonly test: LabelledImages;
  private readonly triggered: { readonly images: LabelledImages; readonly target: number } | null;

  private constructor(test: LabelledImages, triggered: Monitor['triggered'], notes: readonly string[]) {
    this.test = test;
    this.triggered = triggered;
    this.notes = notes;
  }

  /**
   * Decodes the images once. `classes` are those of the training set, which folders are named by. Throws DataError,
   * UsageError for a target that is no class, CancelledError.
   */
  static async load(
    options: MonitorOptions,
    classes: readonly string[],
    preprocessing: Preprocessing,
    context: JobContext,
  ): Promise<Monitor> {
    const set = await openDataset(options.test);
    const test = await loadImages(namedBy(set, classes), preprocessing, context, 'test');
    if (options.triggered === null) return new Monitor(test, null, []);
    const { folder, target } = options.triggered;
    if (target >= classes.length)
      throw new UsageError(
        'bad-value',
        `--target ${target} is no class of the dataset, which has ${classes.length} (0 to ${classes.length - 1}).`,
      );
    const { samples, warnings } = triggeredSamples(await openDataset(folder), classes, target);
    const images = await loadImages({ root: folder, samples }, preprocessing, context, 'triggered');
    return new Monitor(test, { images, target }, warnings);
  }

  /** Images that one measurement runs on. */
  get size(): number {
    return this.test.pool.size + (this.triggered?.images.pool.size ?? 0);
  }

  /** Rates in percent, the model in inference mode. Throws as `infer`. */
  async measure(trainer: Trainer, onProgress: (share: number) => Promise<void>): Promise<Monitored> {
    const { classes } = trainer;
    const run = async (images: LabelledImages, from: number): Promise<Int32Array> => {
      const part = images.pool.size / this.size;
      const { predicted } = await infer(trainer, images, {
        augmentation: null,
        random: new Random(0),
        onProgress: (share) => onProgress(from + share * part),
      });
      return predicted;
    };
    const clean = new CleanTally(classes, true);
    (await run(this.test, 0)).forEach((predicted, i) =>
      clean.add(this.test.labels[i]!, predicted, predicted),
    );
    if (this.triggered === null) return { acc: clean.accuracy!, asr: null, ra: null };
    const { images, target } = this.triggered;
    const attack = new AttackTally(classes, target);
    const predictions = await run(images, this.test.pool.size / this.size);
    predictions.forEach((predicted, i) => attack.add(images.labels[i]!, predicted));
    const { asr, ra } = attack.result('triggered');
    return { acc: clean.accuracy!, asr, ra };
  }
}

/** A labelled set with its classes numbered as in the training set. */
function namedBy(set: Dataset, classes: readonly string[]): Pick<Dataset, 'root' | 'samples'> {
  const { root } = set;
  if (set.classes === null)
    throw new DataError('bad-layout', root, `${root} has no folders: test images must be labelled by them.`);
  const labels = set.classes.map((name) => classes.indexOf(name));
  const unknown = set.classes.find((_, label) => labels[label] === -1);
  if (unknown !== undefined)
    throw new DataError(
      'bad-layout',
      root,
      `${root}: the class '${visible(unknown, 60)}' is none of the training set's.`,
    );
  return { root, samples: set.samples.map((sample) => ({ ...sample, label: labels[sample.label!]! })) };
}

async function loadImages(
  { root, samples }: Pick<Dataset, 'root' | 'samples'>,
  preprocessing: Preprocessing,
  context: JobContext,
  what: string,
): Promise<LabelledImages> {
  const pool = await PixelPool.load(root, samples, preprocessing, {
    signal: context.signal,
    onProgress: (done, total) => context.tick(`Reading ${what} images (${done} of ${total})`, done / total),
  });
  return { pool, labels: Int32Array.from(pool.samples, ({ label }) => label!), preprocessing };
}
