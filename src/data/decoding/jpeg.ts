import createDecoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import { brokenImage, type Image } from '../image';
import { inspectJpeg } from './jpeg-header';
import { dropAlpha } from './rgba';
import { CodecFailure, WasmCodec, type Decoded } from './wasm';

/** Images above this size leave their memory behind in the codec; it is given back. */
const KEEP_PIXELS = 8 * 1024 * 1024;

/** libjpeg's warnings that mean lost pixels; it goes on after them, with grey. */
const DAMAGE = /premature end|bad Huffman code|found marker .* instead of RST/i;

const codec = new WasmCodec('mozjpeg_dec.wasm', createDecoder);

/**
 * Decodes baseline and progressive JPEG by libjpeg's own code (mozjpeg in WebAssembly: accurate integer DCT, fancy
 * upsampling), so that pixels equal Pillow's. Throws DataError `unreadable-image` (truncated files too, which libjpeg
 * fills with grey), `unsupported-image` or `too-large`.
 */
export async function decodeJpeg(bytes: Uint8Array, path: string): Promise<Image> {
  const { width, height } = inspectJpeg(bytes, path);
  const { decoded, complaints } = await runDecoder(bytes, width * height <= KEEP_PIXELS, path);
  if (decoded?.width !== width || decoded.height !== height) {
    throw brokenImage(path, 'JPEG', 'its size is not the announced one');
  }
  const damage = complaints.find((line) => DAMAGE.test(line));
  if (damage !== undefined) throw brokenImage(path, 'JPEG', damage);
  return { width, height, data: dropAlpha(decoded.data) };
}

async function runDecoder(
  bytes: Uint8Array,
  keep: boolean,
  path: string,
): Promise<{ decoded: Decoded | null; complaints: readonly string[] }> {
  try {
    const { result, complaints } = await codec.run((decoder) => decoder.decode(bytes, false), keep);
    return { decoded: result, complaints };
  } catch (thrown) {
    if (!(thrown instanceof CodecFailure)) throw thrown;
    throw brokenImage(path, 'JPEG', thrown.message, thrown.cause);
  }
}
