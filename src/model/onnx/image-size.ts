import * as v from 'valibot';
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
/** Of Scour's provenance, what a training writes there: the images that it saw. */
const Provenance = v.pipe(
  v.string(),
  v.maxLength(1024 * 1024),
  v.parseJson(),
  v.object({ preprocessing: v.object({ height: Side, width: Side }) }),
);

/**
 * Height and width of images that Scour wrote into the model's metadata: of those it was trained on last, else those it
 * is usually given. Null where there is none, or it makes no sense.
 */
export function recordedImageSize({ metadata }: Pick<OnnxModel, 'metadata'>): Size | null {
  for (const [key, text] of [...metadata].reverse()) {
    if (!key.startsWith(PROVENANCE_KEY)) continue;
    const entry = v.safeParse(Provenance, text);
    if (entry.success) return entry.output.preprocessing;
  }
  const usual = v.safeParse(Text, metadata.get(IMAGE_SIZE_KEY));
  return usual.success ? { height: usual.output[0], width: usual.output[1] } : null;
}

/** The text of `IMAGE_SIZE_KEY`. */
export function imageSizeText({ height, width }: Size): string {
  return `${height}x${width}`;
}
