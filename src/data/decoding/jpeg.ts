import createDecoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import { brokenImage, type Image } from '../image';
import { inspectJpeg } from './jpeg-header';
import { WasmCodec } from './wasm';

/** libjpeg's warnings that mean lost pixels; it goes on after them, with grey. */
const DAMAGE = /premature end|bad Huffman code|found marker .* instead of RST/i;

const codec = new WasmCodec('JPEG', 'mozjpeg_dec.wasm', createDecoder);

/**
 * Decodes baseline and progressive JPEG by libjpeg's own code (mozjpeg in WebAssembly: accurate integer DCT, fancy
 * upsampling), so that pixels equal Pillow's. Throws DataError `unreadable-image` (truncated files too, which libjpeg
 * fills with grey), `unsupported-image` or `too-large`.
 */
export async function decodeJpeg(bytes: Uint8Array, path: string): Promise<Image> {
  const { width, height } = inspectJpeg(bytes, path);
  const { image, complaints } = await codec.decode({ path, width, height }, (decoder) =>
    decoder.decode(bytes, false),
  );
  const damage = complaints.find((line) => DAMAGE.test(line));
  if (damage !== undefined) throw brokenImage(path, 'JPEG', damage);
  return image;
}
