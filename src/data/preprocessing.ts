import { RuntimeError, UsageError } from '../protocol/errors';
import type { Channels, Layout, Preprocessing, PreprocessingOptions } from '../protocol/preprocessing';
import { readStatedPreprocessing, type StatedPreprocessing } from './preprocessing-files';

/** One dimension of a model's input: a size, or the name of a dynamic one, or unknown. */
export type Dimension = number | string | null;

export interface PreprocessingRequest {
  /** The model file: settings are looked for beside it. */
  modelPath: string;
  /** Shape of the model's image input as the file declares it: N × C × H × W or N × H × W × C. */
  shape: readonly Dimension[];
  options: PreprocessingOptions;
  known: KnownImages;
}

/** What is known of a model's images besides its input shape. */
export interface KnownImages {
  /** What they usually are: used, with a warning, where neither the model nor anything else fixes a size. */
  readonly size: ImageSize | null;
  /** How they became its input when Scour trained it, as noted then: used where no file beside the model says otherwise. */
  readonly recorded: Preprocessing | null;
}

export const NOTHING_KNOWN: KnownImages = { size: null, recorded: null };

/** In pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Decides how images become the model's input: what the user says, else what a file beside the model says, else what
 * Scour noted in the model, else what the model's input shape says. Nothing is guessed without a warning.
 *
 * Throws RuntimeError `input-mismatch` where the model takes no images, UsageError where options contradict the model
 * or each other, or where the size is not known.
 */
export function resolvePreprocessing({ modelPath, shape, options, known }: PreprocessingRequest): {
  preprocessing: Preprocessing;
  warnings: string[];
} {
  const { stated: beside, unreadable } = readStatedPreprocessing(modelPath);
  const stated = beside ?? (known.recorded && statedIn(known.recorded));
  const warnings = [...unreadable, ...(stated?.warnings ?? [])];
  const input = readShape(shape, options.layout, warnings);
  const channels = chooseChannels(input.channels, options.channels, stated?.channels);
  const geometry = chooseGeometry(input, options, stated, known, warnings);
  const normalisation = chooseNormalisation(channels, options, stated, warnings);
  return {
    preprocessing: {
      ...geometry,
      filter: stated?.filter ?? 'bilinear',
      layout: input.layout,
      channels,
      ...normalisation,
    },
    warnings,
  };
}

interface ImageInput {
  layout: Layout;
  /** Null where dynamic. */
  channels: 1 | 3 | null;
  height: number | null;
  width: number | null;
}

function readShape(shape: readonly Dimension[], wanted: Layout | undefined, warnings: string[]): ImageInput {
  if (shape.length !== 4) {
    throw new RuntimeError(
      'input-mismatch',
      `The model's input ${show(shape)} has ${shape.length} dimensions; images need 4 (N × C × H × W or N × H × W × C).`,
    );
  }
  const sizes = shape.map((each) => (typeof each === 'number' && each > 0 ? each : null));
  const at = (index: number): number | null => sizes[index] ?? null;
  const layout = wanted ?? guessLayout(at(1), at(3), shape, warnings);
  const channels = layout === 'nchw' ? at(1) : at(3);
  if (channels !== null && channels !== 1 && channels !== 3) {
    throw new RuntimeError(
      'input-mismatch',
      `The model's input ${show(shape)} has ${channels} channels in ${layout.toUpperCase()} layout; images give 3 (rgb, bgr) or 1 (grey). If the layout is another one, say so with --layout.`,
    );
  }
  const [height, width] = layout === 'nchw' ? [at(2), at(3)] : [at(1), at(2)];
  return { layout, channels, height, width };
}

function guessLayout(
  second: number | null,
  last: number | null,
  shape: readonly Dimension[],
  warnings: string[],
): Layout {
  const isDepth = (size: number | null): boolean => size === 1 || size === 3;
  if (isDepth(second)) return 'nchw';
  if (isDepth(last)) return 'nhwc';
  if (second === null && last !== null) return 'nchw';
  if (second === null) {
    warnings.push(
      `The model's input ${show(shape)} does not say where its channels are; N × C × H × W is assumed (--layout).`,
    );
  }
  return 'nchw';
}

function chooseChannels(
  fixed: 1 | 3 | null,
  wanted: Channels | undefined,
  stated: Channels | undefined,
): Channels {
  const fitting = stated !== undefined && (fixed ?? depthOf(stated)) === depthOf(stated) ? stated : undefined;
  const channels = wanted ?? fitting ?? (fixed === 1 ? 'grey' : 'rgb');
  const depth = depthOf(channels);
  if (fixed !== null && fixed !== depth) {
    throw new UsageError(
      'bad-value',
      `The model takes ${fixed} ${fixed === 1 ? 'channel' : 'channels'}, but ${channels} images have ${depth}.`,
    );
  }
  return channels;
}

function depthOf(channels: Channels): 1 | 3 {
  return channels === 'grey' ? 1 : 3;
}

/** What Scour noted, as files beside a model say it: mean and std of red, green and blue. */
function statedIn({
  height,
  width,
  resize,
  filter,
  channels,
  mean,
  std,
}: Preprocessing): StatedPreprocessing {
  const inOrder = (values: readonly number[]) => (channels === 'bgr' ? [...values].reverse() : values);
  return {
    ...{ source: 'the record of its training', size: [height, width], resize, filter, channels },
    ...{ mean: inOrder(mean), std: inOrder(std), warnings: [] },
  };
}

function chooseGeometry(
  input: ImageInput,
  { size, crop }: PreprocessingOptions,
  stated: StatedPreprocessing | null,
  known: KnownImages,
  warnings: string[],
): Pick<Preprocessing, 'height' | 'width' | 'resize'> {
  if (size !== undefined || crop !== undefined) {
    const wanted = optionGeometry(size, crop);
    if (!fits(input, wanted)) {
      throw new UsageError(
        'bad-value',
        `The model takes images of ${show([input.height, input.width])} (height × width), but the options make them ${wanted.height} × ${wanted.width}.`,
      );
    }
    return wanted;
  }
  if (stated?.size) {
    const [height, width] = stated.size;
    if (fits(input, { height, width })) return { height, width, resize: stated.resize ?? null };
    warnings.push(
      `${stated.source} asks for ${height} × ${width}, but the model takes ${show([input.height, input.width])}: images are resized straight to the model's size.`,
    );
  }
  const height = input.height ?? known.size?.height;
  const width = input.width ?? known.size?.width;
  if (height === undefined || width === undefined) {
    throw new UsageError(
      'missing-argument',
      'The model accepts images of any size and nothing beside it says which it was trained on: give --size.',
    );
  }
  if (input.height === null || input.width === null) {
    warnings.push(
      `The model accepts images of any size; they are given to it at ${height} × ${width} (--size).`,
    );
  }
  return { height, width, resize: null };
}

function optionGeometry(
  size: readonly [number, number] | undefined,
  crop: number | undefined,
): Pick<Preprocessing, 'height' | 'width' | 'resize'> {
  if (crop === undefined) return { height: size![0], width: size![1], resize: null };
  const short = size?.[0] ?? crop;
  if (size !== undefined && size[0] !== size[1]) {
    throw new UsageError(
      'bad-value',
      `With --crop, --size is the short side: one number, not ${size[0]} × ${size[1]}.`,
    );
  }
  if (crop > short) {
    throw new UsageError(
      'bad-value',
      `--crop ${crop} is larger than --size ${short}, the short side it is cut from.`,
    );
  }
  return { height: crop, width: crop, resize: short };
}

function fits(input: ImageInput, { height, width }: { height: number; width: number }): boolean {
  return (input.height ?? height) === height && (input.width ?? width) === width;
}

function chooseNormalisation(
  channels: Channels,
  options: PreprocessingOptions,
  stated: StatedPreprocessing | null,
  warnings: string[],
): Pick<Preprocessing, 'mean' | 'std' | 'source'> {
  const depth = depthOf(channels);
  if ((options.mean === undefined) !== (options.std === undefined)) {
    throw new UsageError('missing-argument', 'Give --mean and --std together, or neither.');
  }
  if (options.mean && options.std) {
    if (options.std.some((std) => !(std > 0)) || options.mean.some((mean) => !Number.isFinite(mean))) {
      throw new UsageError('bad-value', '--mean must be finite numbers and --std positive ones.');
    }
    if (options.mean.some((mean) => Math.abs(mean) > 1)) {
      warnings.push(
        '--mean is larger than 1. Mean and std are those of images scaled to 0…1: divide values for 0…255 by 255.',
      );
    }
    return {
      mean: perChannel(options.mean, depth, channels, '--mean'),
      std: perChannel(options.std, depth, channels, '--std'),
      source: 'options',
    };
  }
  if (stated?.mean && stated.std) {
    const isUsable = [stated.mean, stated.std].every(({ length }) => length === 1 || length === depth);
    if (isUsable) {
      return {
        mean: perChannel(stated.mean, depth, channels, stated.source),
        std: perChannel(stated.std, depth, channels, stated.source),
        source: stated.source,
      };
    }
    warnings.push(
      `${stated.source} gives mean and std for ${stated.mean.length} channels, but the model takes ${depth}: they are not used.`,
    );
  }
  warnings.push('No mean and std are given: images are only scaled to 0…1 (--mean, --std).');
  return { mean: new Array<number>(depth).fill(0), std: new Array<number>(depth).fill(1), source: 'none' };
}

/** Values in the model's channel order; one value stands for all channels. */
function perChannel(values: readonly number[], depth: number, channels: Channels, what: string): number[] {
  if (values.length === 1) return new Array<number>(depth).fill(values[0]!);
  if (values.length !== depth) {
    throw new UsageError(
      'bad-value',
      `${what} has ${values.length} values, but ${channels} images have ${depth} ${depth === 1 ? 'channel' : 'channels'}.`,
    );
  }
  return channels === 'bgr' ? [...values].reverse() : [...values];
}

function show(shape: readonly Dimension[]): string {
  return shape
    .map((each) => (each === null ? '?' : typeof each === 'number' ? each : JSON.stringify(each)))
    .join(' × ');
}
