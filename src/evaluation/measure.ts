import type { Trigger } from '../attacks/trigger';
import type { Sample } from '../data/dataset';
import type { PixelLoader } from '../data/loading/kept-batches';
import type { LoadOptions } from '../data/loading/load-batches';
import { RuntimeError } from '../protocol/errors';
import { targetClass, type Target } from '../protocol/target';
import type { Preprocessing } from '../protocol/preprocessing';
import { Inputs, type TestedModel } from './tested-model';
import { AttackTally, CleanTally } from './tally';

/** Images of a batch, and the most values that one may hold: large images come in smaller batches. */
const BATCH = 64;
const MOST_PIXELS = 16 * 1024 * 1024;

/** What a measurement needs besides images and models. */
export interface MeasureOptions {
  /** Where pixels come from; whatever gives them, they are those of `loadPixels`. */
  readonly load: PixelLoader;
  readonly onSkip: LoadOptions['onSkip'];
  readonly signal: AbortSignal;
  /** Called after every run of a model with the number of images it was run on; may throw CancelledError. */
  readonly onRun: (images: number) => Promise<void>;
}

export interface CleanRequest extends MeasureOptions {
  readonly samples: readonly Sample[];
  /** Names of the classes, or null where the samples have no labels. */
  readonly classes: readonly string[] | null;
  readonly subjects: readonly TestedModel[];
  /** Put on the same images while they are at hand. */
  readonly triggers: readonly Trigger[];
  /** Needed with triggers. */
  readonly target: Target | null;
  /** Predictions to agree with, by name of the sample; without them, those of the first subject. */
  readonly reference?: ReadonlyMap<string, number>;
}

export interface Measured {
  /** One a subject. */
  readonly clean: readonly CleanTally[];
  /** One a trigger and subject: `attacks[trigger][subject]`. */
  readonly attacks: readonly (readonly AttackTally[])[];
  /** Of the first subject, by name of the sample. */
  readonly predictions: ReadonlyMap<string, number>;
}

/** True for an image that ASR and RA count: its class is not the one that the trigger is to send it to. */
export function isCounted({ label }: Sample, target: Target | null, classes: number): boolean {
  return label !== null && (target === null || targetClass(target, label, classes) !== label);
}

/** Images a batch for inputs of this size. */
export function batchSizeFor({ width, height }: Pick<Preprocessing, 'width' | 'height'>): number {
  return Math.max(1, Math.min(BATCH, Math.floor(MOST_PIXELS / (width * height * 3))));
}

/**
 * Runs every model on every image, and on every image of another class than the target with each trigger put on it
 * (METHODS.md §4). Images stream through: memory does not grow with their number, but for one prediction each.
 *
 * Rejects with RuntimeError (a model that cannot be run, or whose outputs are not as many as the classes), DataError
 * (through `onSkip`) or CancelledError.
 */
export async function measureClean(request: CleanRequest): Promise<Measured> {
  const { samples, classes, subjects, triggers, target, load, signal, onSkip, onRun } = request;
  const fit = subjects[0]!.preprocessing;
  const clean: CleanTally[] = [];
  const attacks: AttackTally[][] = triggers.map(() => []);
  const predictions = new Map<string, number>();
  const area = fit.width * fit.height * 3;
  for await (const batch of load(samples, fit, { batchSize: batchSizeFor(fit), onSkip, signal })) {
    const count = batch.samples.length;
    const inputs = new Inputs(batch.pixels, count);
    for (const [i, subject] of subjects.entries()) {
      const { predicted, classes: k } = await inputs.predict(subject);
      checkClasses(subject, k, classes, i === 0 ? null : clean[0]!.classes);
      clean[i] ??= new CleanTally(k, classes !== null);
      for (const [n, { name, label }] of batch.samples.entries()) {
        if (i === 0) predictions.set(name, predicted[n]!);
        clean[i].add(label, predicted[n]!, (request.reference ?? predictions).get(name)!);
      }
      await onRun(count);
    }
    if (target === null || triggers.length === 0) continue;
    const k = clean[0]!.classes;
    const others = [...batch.samples.keys()].filter((n) => isCounted(batch.samples[n]!, target, k));
    if (others.length === 0) continue;
    const pixels = gather(batch.pixels, others, area);
    for (const [t, trigger] of triggers.entries()) {
      const triggered = new Inputs(await trigger.apply(pixels, others.length), others.length);
      for (const [i, subject] of subjects.entries()) {
        const { predicted } = await triggered.predict(subject);
        const tally = (attacks[t]![i] ??= new AttackTally(clean[i]!.classes, target));
        others.forEach((n, at) => tally.add(batch.samples[n]!.label!, predicted[at]!));
        await onRun(others.length);
      }
    }
  }
  return { clean, attacks, predictions };
}

/**
 * Runs every model on images that carry a trigger already; none may be of the target class (`triggeredSamples` leaves
 * those out). Returns one tally a subject, and none where no image could be read. Rejects as `measureClean` does.
 */
export async function measureTriggered(
  request: MeasureOptions & {
    readonly samples: readonly Sample[];
    readonly classes: readonly string[];
    readonly subjects: readonly TestedModel[];
    readonly target: Target;
  },
): Promise<AttackTally[]> {
  const { samples, classes, subjects, target, load, signal, onSkip, onRun } = request;
  const fit = subjects[0]!.preprocessing;
  const tallies: AttackTally[] = [];
  for await (const batch of load(samples, fit, { batchSize: batchSizeFor(fit), onSkip, signal })) {
    const inputs = new Inputs(batch.pixels, batch.samples.length);
    for (const [i, subject] of subjects.entries()) {
      const { predicted, classes: k } = await inputs.predict(subject);
      checkClasses(subject, k, classes, null);
      const tally = (tallies[i] ??= new AttackTally(k, target));
      batch.samples.forEach(({ label }, n) => tally.add(label!, predicted[n]!));
      await onRun(batch.samples.length);
    }
  }
  return tallies;
}

/** The images at `indices` of `size` bytes each, one after the other. */
export function gather(pixels: Uint8Array, indices: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(indices.length * size);
  indices.forEach((index, at) => out.set(pixels.subarray(index * size, (index + 1) * size), at * size));
  return out;
}

function checkClasses(
  { path }: TestedModel,
  outputs: number,
  classes: readonly string[] | null,
  first: number | null,
): void {
  if (classes !== null && outputs !== classes.length) {
    throw new RuntimeError(
      'input-mismatch',
      `The data has ${classes.length} ${classes.length === 1 ? 'class' : 'classes'}, but ${path} gives scores for ${outputs}. Classes are numbered by their place in the list, so both must have the same ones (an empty folder keeps a class's place).`,
    );
  }
  if (first !== null && outputs !== first) {
    throw new RuntimeError(
      'input-mismatch',
      `${path} gives scores for ${outputs} classes, the first model for ${first}: they cannot be compared.`,
    );
  }
}
