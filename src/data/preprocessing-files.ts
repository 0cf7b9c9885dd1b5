import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { messageOf } from '../protocol/errors';
import type { Channels } from '../protocol/preprocessing';
import type { Filter } from './resize';

/** What a file beside the model says of preprocessing; what it leaves open is undefined. */
export interface StatedPreprocessing {
  /** Name of the file. */
  source: string;
  /** Height and width of the model's input. */
  size?: readonly [number, number];
  /** Short side before a centre crop to `size`; null = straight to `size`. */
  resize?: number | null;
  filter?: Filter;
  channels?: Channels;
  /** Of images scaled to 0…1. */
  mean?: readonly number[];
  std?: readonly number[];
  warnings: readonly string[];
}

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads `preprocessor_config.json` (Hugging Face) or else `config.json` (timm) beside the model, or above it where the
 * model lies in a folder `onnx`. Returns null where there is none. A file that is there but makes no sense is not
 * obeyed: `unreadable` says why.
 */
export function readStatedPreprocessing(modelPath: string): {
  stated: StatedPreprocessing | null;
  unreadable: string[];
} {
  const folder = path.dirname(modelPath);
  const folders = path.basename(folder) === 'onnx' ? [folder, path.dirname(folder)] : [folder];
  const unreadable: string[] = [];
  for (const each of folders) {
    for (const [name, read] of [
      ['preprocessor_config.json', readHuggingFace],
      ['config.json', readTimm],
    ] as const) {
      try {
        const json = readJson(path.join(each, name));
        const stated = json === undefined ? null : read(json, name);
        if (stated) return { stated, unreadable };
      } catch (thrown) {
        unreadable.push(`${path.join(each, name)} is not used: ${messageOf(thrown)}.`);
      }
    }
  }
  return { stated: null, unreadable };
}

/** Undefined where there is no such file. */
function readJson(file: string): unknown {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('it is not a file');
    if (stats.size > MAX_CONFIG_BYTES) throw new Error(`it has ${stats.size} bytes`);
    const bytes = Buffer.alloc(stats.size);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    const json = JSON.parse(bytes.toString('utf8', 0, length)) as unknown;
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new Error('it holds no object');
    return json;
  } finally {
    closeSync(fd);
  }
}

const Side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8192));
const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const Means = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1), v.maxLength(4));
const Deviations = v.pipe(v.array(Positive), v.minLength(1), v.maxLength(4));
const Sides = v.union([Side, v.object({ height: Side, width: Side }), v.object({ shortest_edge: Side })]);
/** Python writes what is not set as null. */
const optional = <T>(schema: v.GenericSchema<T>): v.GenericSchema<T | null | undefined, T | undefined> =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );

const HuggingFaceSchema = v.object({
  do_resize: optional(v.boolean()),
  size: optional(Sides),
  resample: optional(v.number()),
  do_center_crop: optional(v.boolean()),
  crop_size: optional(Sides),
  crop_pct: optional(Positive),
  do_rescale: optional(v.boolean()),
  rescale_factor: optional(Positive),
  do_normalize: optional(v.boolean()),
  image_mean: optional(Means),
  image_std: optional(Deviations),
});

/** PIL.Image.Resampling. */
const PIL_FILTERS: Readonly<Record<number, Filter>> = {
  0: 'nearest',
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};

function readHuggingFace(json: unknown, source: string): StatedPreprocessing {
  const config = v.parse(HuggingFaceSchema, json);
  const stated: StatedPreprocessing = { source, warnings: [] };
  const filter = config.resample === undefined ? undefined : PIL_FILTERS[config.resample];
  if (filter) stated.filter = filter;
  else if (config.resample !== undefined) {
    stated.warnings = [
      `${source} asks for resampling filter ${config.resample}, which is not known; bilinear is used.`,
    ];
  }
  const sides = huggingFaceSides(config);
  if (sides) Object.assign(stated, sides);
  // The file's order is: value × factor, then (x − mean) / std. Folded into one step on images scaled to 0…1.
  const factor = 255 * (config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255));
  if (config.do_normalize === false) {
    stated.mean = [0];
    stated.std = [1 / factor];
  } else if (config.image_mean && config.image_std) {
    stated.mean = config.image_mean.map((mean) => mean / factor);
    stated.std = config.image_std.map((std) => std / factor);
  }
  return stated;
}

function huggingFaceSides(
  config: v.InferOutput<typeof HuggingFaceSchema>,
): Pick<StatedPreprocessing, 'size' | 'resize'> | null {
  const { size, crop_size: crop, crop_pct: share } = config;
  const straight = pair(size);
  if (config.do_center_crop && crop !== undefined) {
    const target = pair(crop);
    const short = size === undefined || config.do_resize === false ? undefined : shortSide(size);
    return target && short !== undefined ? { size: target, resize: short } : target && { size: target };
  }
  if (share !== undefined && size !== undefined) {
    // ConvNeXT's processor: below 384 a crop of the given share, from there on straight.
    const side = shortSide(size);
    if (side !== undefined)
      return { size: [side, side], resize: side < 384 ? Math.trunc(side / share) : null };
  }
  return straight && { size: straight, resize: null };
}

function pair(sides: v.InferOutput<typeof Sides> | undefined): readonly [number, number] | null {
  if (sides === undefined) return null;
  if (typeof sides === 'number') return [sides, sides];
  return 'height' in sides ? [sides.height, sides.width] : [sides.shortest_edge, sides.shortest_edge];
}

function shortSide(sides: v.InferOutput<typeof Sides>): number | undefined {
  if (typeof sides === 'number') return sides;
  if ('shortest_edge' in sides) return sides.shortest_edge;
  return sides.height === sides.width ? sides.height : undefined;
}

const TimmSchema = v.object({
  input_size: optional(v.tuple([Side, Side, Side])),
  interpolation: optional(v.string()),
  crop_pct: optional(Positive),
  crop_mode: optional(v.string()),
  mean: optional(Means),
  std: optional(Deviations),
});

/** Null where `config.json` is not timm's (Hugging Face's own has other contents). */
function readTimm(json: unknown, source: string): StatedPreprocessing | null {
  const outer = v.parse(v.object({ pretrained_cfg: optional(v.unknown()) }), json);
  const parsed = v.safeParse(TimmSchema, outer.pretrained_cfg ?? json);
  if (!parsed.success) {
    if (outer.pretrained_cfg === undefined) return null;
    throw new v.ValiError(parsed.issues);
  }
  const config = parsed.output;
  if (!config.input_size || !config.mean || !config.std) return null;
  const [, height, width] = config.input_size;
  const stated: StatedPreprocessing = {
    source,
    size: [height, width],
    mean: config.mean,
    std: config.std,
    warnings: [],
  };
  const isCentre = config.crop_mode === undefined || config.crop_mode === 'center';
  if (isCentre && height === width) stated.resize = Math.floor(height / (config.crop_pct ?? 0.875));
  else if (config.crop_mode === 'squash') stated.resize = null;
  const filter = (['bilinear', 'bicubic', 'nearest', 'lanczos'] as const).find(
    (each) => each === config.interpolation,
  );
  if (filter) stated.filter = filter;
  return stated;
}
