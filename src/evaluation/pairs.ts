import type { Trigger } from '../attacks/trigger';
import { sampleEvenly, type Sample } from '../data/dataset';
import { loadPixels, type LoadOptions } from '../data/loading/load-batches';
import type { Preprocessing } from '../protocol/preprocessing';
import { batchSizeFor, gather } from './measure';

/** Images with and without a trigger, held in memory. Each set: count × height × width × 3 bytes, RGB. */
export interface Pairs {
  readonly clean: PixelSet;
  readonly triggered: PixelSet;
  /** True where image i of both sets is the same one, without and with the trigger. */
  readonly paired: boolean;
}

export interface PixelSet {
  readonly pixels: Uint8Array;
  readonly samples: readonly Sample[];
}

export interface PairOptions {
  /** At most this many images of each. */
  readonly limit: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onSkip: LoadOptions['onSkip'];
}

/** The most bytes that one set of images may take. */
const MOST_BYTES = 128 * 1024 * 1024;

/** Puts a trigger on images drawn evenly from `samples`. */
export async function syntheticPairs(
  samples: readonly Sample[],
  trigger: Trigger,
  fit: Preprocessing,
  options: PairOptions,
): Promise<Pairs> {
  const clean = await load(sampleEvenly(samples, most(fit, options.limit), options.seed), fit, options);
  const pixels = await trigger.apply(clean.pixels, clean.samples.length);
  return { clean, triggered: { pixels, samples: clean.samples }, paired: true };
}

/**
 * Images of a folder that carry a trigger, with their clean counterparts: the samples of the same class and file name
 * (without its ending). Where one has none, the clean images are drawn evenly instead and the sets are not paired.
 */
export async function folderPairs(
  triggered: readonly Sample[],
  samples: readonly Sample[],
  fit: Preprocessing,
  options: PairOptions & { readonly onSkipTriggered: LoadOptions['onSkip'] },
): Promise<Pairs> {
  const limit = most(fit, options.limit);
  const chosen = sampleEvenly(triggered, limit, options.seed);
  const known = new Map(samples.map((sample) => [counterpartKey(sample), sample]));
  const counterparts = chosen.map((sample) => known.get(counterpartKey(sample)));
  const loaded = await load(chosen, fit, { ...options, onSkip: options.onSkipTriggered });
  if (counterparts.some((sample) => sample === undefined)) {
    return {
      clean: await load(sampleEvenly(samples, limit, options.seed), fit, options),
      triggered: loaded,
      paired: false,
    };
  }
  const clean = await load(
    counterparts.filter((sample) => sample !== undefined),
    fit,
    options,
  );
  const both = common(clean, loaded, fit);
  return { ...both, paired: looksPaired(both.clean.pixels, both.triggered.pixels, fit) };
}

/**
 * False where the images of two sets have only their names in common: then image i of one is no nearer to image i of
 * the other than to the next one.
 */
function looksPaired(clean: Uint8Array, triggered: Uint8Array, { width, height }: Preprocessing): boolean {
  const size = width * height * 3;
  if (clean.length < 2 * size) return clean.length === size;
  let same = 0;
  let next = 0;
  for (let i = 0; i < clean.length; i++) {
    same += Math.abs(clean[i]! - triggered[i]!);
    next += Math.abs(clean[i]! - triggered[(i + size) % triggered.length]!);
  }
  return same < 0.5 * next;
}

/** What both sets could read, in the same order. */
function common(
  clean: PixelSet,
  triggered: PixelSet,
  fit: Preprocessing,
): Pick<Pairs, 'clean' | 'triggered'> {
  const keys = new Set(clean.samples.map(counterpartKey));
  const kept = keep(triggered, (sample) => keys.has(counterpartKey(sample)), fit);
  const left = new Set(kept.samples.map(counterpartKey));
  return { clean: keep(clean, (sample) => left.has(counterpartKey(sample)), fit), triggered: kept };
}

function keep(set: PixelSet, wanted: (sample: Sample) => boolean, fit: Preprocessing): PixelSet {
  if (set.samples.every(wanted)) return set;
  const size = fit.width * fit.height * 3;
  const indices = [...set.samples.keys()].filter((i) => wanted(set.samples[i]!));
  return { pixels: gather(set.pixels, indices, size), samples: indices.map((i) => set.samples[i]!) };
}

function counterpartKey({ label, name }: Sample): string {
  const base = name.slice(name.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  return `${label ?? ''}/${base}`;
}

function most({ width, height }: Preprocessing, limit: number): number {
  return Math.max(1, Math.min(limit, Math.floor(MOST_BYTES / (width * height * 3))));
}

async function load(
  samples: readonly Sample[],
  fit: Preprocessing,
  { onSkip, signal }: Pick<PairOptions, 'onSkip' | 'signal'>,
): Promise<PixelSet> {
  const size = fit.width * fit.height * 3;
  const pixels = new Uint8Array(samples.length * size);
  const read: Sample[] = [];
  for await (const batch of loadPixels(samples, fit, { batchSize: batchSizeFor(fit), onSkip, signal })) {
    pixels.set(batch.pixels, read.length * size);
    read.push(...batch.samples);
  }
  return { pixels: pixels.subarray(0, read.length * size), samples: read };
}
