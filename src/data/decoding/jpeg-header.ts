import { brokenImage, checkDimensions, unsupportedImage } from '../image';

/** A progressive file may ask for as many passes over the whole image as it likes; encoders use about ten. */
const MAX_SCANS = 100;

/** True where the bytes start as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Reads what must be known before a JPEG file is given to the decoder: that its size may be allocated and its work is
 * bounded. Returns width and height. Throws DataError `unreadable-image`, `unsupported-image` or `too-large`.
 */
export function inspectJpeg(bytes: Uint8Array, path: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | null = null;
  let scans = 0;
  let at = 2;
  while (at + 4 <= bytes.length) {
    // Between segments, and in entropy-coded data, everything up to the next marker is skipped.
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 4 > bytes.length) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xd9) break;
    if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (isFrameHeader(marker)) size = readFrame(view, at + 4, length, path);
    if (marker === 0xda && ++scans > MAX_SCANS) {
      throw unsupportedImage(path, `JPEG images of more than ${MAX_SCANS} scans`);
    }
    at += 2 + length;
  }
  if (size === null || scans === 0) throw brokenImage(path, 'JPEG', 'the file is truncated');
  return size;
}

/** SOF0 … SOF15, without DHT, JPG and DAC, which share the range. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(
  view: DataView,
  at: number,
  length: number,
  path: string,
): { width: number; height: number } {
  if (length < 8 || at + 6 > view.byteLength) throw brokenImage(path, 'JPEG', 'the file is truncated');
  if (view.getUint8(at) !== 8) throw unsupportedImage(path, 'JPEG images of more than 8 bits a channel');
  const components = view.getUint8(at + 5);
  if (components !== 1 && components !== 3) {
    throw unsupportedImage(path, `JPEG images of ${components} channels (CMYK)`);
  }
  const [height, width] = [view.getUint16(at + 1), view.getUint16(at + 3)];
  checkDimensions(width, height, path);
  return { width, height };
}
