import createDecoder from '@jsquash/webp/codec/dec/webp_dec.js';
import { brokenImage, checkDimensions, unsupportedImage, type Image } from '../image';
import { WasmCodec } from './wasm';

/** Bytes of the picture's own header that hold its size. */
const LOSSY_HEADER = 10;
const LOSSLESS_HEADER = 5;

const codec = new WasmCodec('WebP', 'webp_dec.wasm', createDecoder);

/** True where the bytes start as a WebP file does. */
export function isWebp(bytes: Uint8Array): boolean {
  return tagAt(bytes, 0) === 'RIFF' && tagAt(bytes, 8) === 'WEBP';
}

/**
 * Decodes lossy and lossless WebP by libwebp's own code in WebAssembly. Throws DataError `unreadable-image`,
 * `unsupported-image` (animations) or `too-large`.
 */
export async function decodeWebp(bytes: Uint8Array, path: string): Promise<Image> {
  const { width, height } = inspectWebp(bytes, path);
  const { image } = await codec.decode({ path, width, height }, (decoder) => decoder.decode(bytes));
  return image;
}

/** The size that the decoder will allocate (RFC 9649), read before it does. */
function inspectWebp(bytes: Uint8Array, path: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 12;
  while (at + 8 + LOSSLESS_HEADER <= bytes.length) {
    const tag = tagAt(bytes, at);
    const body = at + 8;
    if (tag === 'VP8X' && view.getUint8(body) & 0x02) throw unsupportedImage(path, 'animated WebP images');
    if (tag === 'VP8L' || (tag === 'VP8 ' && body + LOSSY_HEADER <= bytes.length)) {
      const size = tag === 'VP8L' ? losslessSize(view, body) : lossySize(view, body);
      checkDimensions(size.width, size.height, path);
      return size;
    }
    const length = view.getUint32(at + 4, true);
    at = body + length + (length & 1);
  }
  throw brokenImage(path, 'WebP', 'the file is truncated');
}

function lossySize(view: DataView, at: number): { width: number; height: number } {
  return { width: view.getUint16(at + 6, true) & 0x3fff, height: view.getUint16(at + 8, true) & 0x3fff };
}

function losslessSize(view: DataView, at: number): { width: number; height: number } {
  const bits = view.getUint32(at + 1, true);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
