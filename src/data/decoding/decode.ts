import { DataError } from '../../protocol/errors';
import type { Image } from '../image';
import { decodeBmp, isBmp } from './bmp';
import { decodeJpeg } from './jpeg';
import { isJpeg } from './jpeg-header';
import { decodeNetpbm, isNetpbm } from './netpbm';
import { decodePng, isPng } from './png';
import { decodeWebp, isWebp } from './webp';

/** How each format is recognised, by content and never by file name, and decoded. */
const FORMATS: readonly {
  matches: (bytes: Uint8Array) => boolean;
  decode: (bytes: Uint8Array, path: string) => Image | Promise<Image>;
}[] = [
  { matches: isPng, decode: decodePng },
  { matches: isJpeg, decode: decodeJpeg },
  { matches: isWebp, decode: decodeWebp },
  { matches: isBmp, decode: decodeBmp },
  { matches: isNetpbm, decode: decodeNetpbm },
];

/**
 * Decodes an image file to RGB. `path` is used in error messages only.
 * Rejects with DataError: `unsupported-image` for an unknown format, `unreadable-image` for a broken file, `too-large`.
 */
export async function decodeImage(bytes: Uint8Array, path: string): Promise<Image> {
  if (bytes.length === 0) throw new DataError('unreadable-image', path, `${path}: the file is empty.`);
  const format = FORMATS.find(({ matches }) => matches(bytes));
  if (format === undefined) {
    throw new DataError(
      'unsupported-image',
      path,
      `${path} is not an image that can be read (PNG, JPEG, WebP, BMP, PPM).`,
    );
  }
  return await format.decode(bytes, path);
}
