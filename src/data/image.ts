import { DataError } from '../protocol/errors';

/**
 * A decoded picture: height × width × 3 bytes, RGB, row by row. Whatever a file holds becomes this by the rules that
 * Pillow's `convert('RGB')` follows, because that is what models are trained on:
 *
 * - greyscale is repeated three times; a palette is looked up;
 * - alpha is dropped, not composited;
 * - 16 bits a channel keep their high byte (for 16-bit greyscale PNG too, where Pillow clips instead and loses the image);
 * - the EXIF orientation is not applied (neither torchvision nor Keras does);
 * - gamma and colour profiles are ignored.
 */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The longest side that is decoded. */
export const MAX_SIDE = 16_384;
/** The most pixels that are decoded: 64 Mpixel, 192 MiB of RGB. */
export const MAX_PIXELS = 64 * 1024 * 1024;

/** Throws DataError `too-large` or `unreadable-image` where a header announces a size that must not be allocated. */
export function checkDimensions(width: number, height: number, path: string): void {
  if (!(width > 0 && height > 0)) {
    throw new DataError('unreadable-image', path, `${path}: the image has no pixels (${width} × ${height}).`);
  }
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw new DataError(
      'too-large',
      path,
      `${path}: ${width} × ${height} pixels are more than the ${MAX_PIXELS / 1024 / 1024} Mpixel (${MAX_SIDE} a side) that are decoded. Scale the image down.`,
    );
  }
}

/** An image file that lies about itself or ends early. */
export function brokenImage(path: string, format: string, why: string, cause?: unknown): DataError {
  return new DataError('unreadable-image', path, `${path}: broken ${format} image: ${why}.`, { cause });
}

/** A valid image file of a kind that is not decoded. */
export function unsupportedImage(path: string, why: string): DataError {
  return new DataError('unsupported-image', path, `${path}: ${why} are not supported.`);
}
