/** Size of the images a trigger is made for, as the model is given them. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A trigger made for images of one size. Deterministic: the same image always becomes the same triggered image. */
export interface Trigger {
  /**
   * `pixels`: `count` images of height × width × 3 bytes, RGB, one after the other. Returns new ones of the same shape,
   * rounded to the nearest of 0…255 (halves up) and clipped; the given ones stay as they are.
   */
  apply(pixels: Uint8Array, count: number): Promise<Uint8Array>;
  /** Lets go of what it holds (sessions). */
  release(): Promise<void>;
}

/** A trigger that is a plain function of the pixels. */
export function pixelTrigger(apply: (pixels: Uint8Array, count: number) => Uint8Array): Trigger {
  return {
    apply: (pixels, count) => Promise.resolve(apply(pixels, count)),
    release: () => Promise.resolve(),
  };
}

/** To 8 bits by rounding to the nearest (code bases that truncate differ by up to one grey level). */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
}

/** Sides of the CIFAR images that the published attacks are defined on. */
export const REFERENCE_SIDE = 32;

/** A length given in pixels of a 32 × 32 image, on an image of this size; at least 1. */
export function scaledSide(length: number, { width, height }: ImageSize): number {
  return Math.max(1, Math.round((length * Math.min(width, height)) / REFERENCE_SIDE));
}
