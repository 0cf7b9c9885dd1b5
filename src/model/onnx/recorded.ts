import * as v from 'valibot';
import { PreprocessingSchema, type Preprocessing } from '../../protocol/preprocessing';
import { PROVENANCE_KEY } from './facts';
import type { OnnxModel } from './graph';

/** Entry of metadata_props that says which images a network with an open image size is usually given: `224x224`. */
export const IMAGE_SIZE_KEY = 'scour.image-size';

/** In pixels. */
interface Size {
  readonly height: number;
  readonly width: number;
}

const Side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8192));
const Text = v.pipe(
  v.string(),
  v.regex(/^\d{1,4}x\d{1,4}$/),
  v.transform((text) => text.split('x').map(Number)),
  v.tuple([Side, Side]),
);
/** Of Scour's provenance, what a training writes there: how the images that it saw became the model's input. */
const Provenance = v.pipe(
  v.string(),
  v.maxLength(1024 * 1024),
  v.parseJson(),
  v.object({ preprocessing: v.unknown() }),
);
const Trained = v.object({ height: Side, width: Side });

/**
 * Height and width of images that Scour wrote into the model's metadata: of those it was trained on last, else those it
 * is usually given. Null where there is none, or it makes no sense.
 */
export function recordedImageSize({ metadata }: Pick<OnnxModel, 'metadata'>): Size | null {
  const trained = lastTraining(metadata, Trained);
  if (trained !== null) return trained;
  const usual = v.safeParse(Text, metadata.get(IMAGE_SIZE_KEY));
  return usual.success ? { height: usual.output[0], width: usual.output[1] } : null;
}

/**
 * How images became the model's input when Scour trained it last, as it noted then, by metadata of an ONNX file or the
 * provenance of a checkpoint. Null where there is none, or it makes no sense.
 */
export function recordedPreprocessing(metadata: Iterable<readonly [string, string]>): Preprocessing | null {
  return lastTraining(metadata, PreprocessingSchema);
}

function lastTraining<T>(
  metadata: Iterable<readonly [string, string]>,
  schema: v.GenericSchema<unknown, T>,
): T | null {
  for (const [key, text] of [...metadata].reverse()) {
    if (!key.startsWith(PROVENANCE_KEY)) continue;
    const entry = v.safeParse(Provenance, text);
    const trained = entry.success ? v.safeParse(schema, entry.output.preprocessing) : null;
    if (trained?.success) return trained.output;
  }
  return null;
}

/** The text of `IMAGE_SIZE_KEY`. */
export function imageSizeText({ height, width }: Size): string {
  return `${height}x${width}`;
}
