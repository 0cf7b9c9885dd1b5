import { brokenImage, checkDimensions, unsupportedImage, type Image } from '../image';

const FILE_HEADER = 14;
/** `biCompression` values whose pixels are stored one by one. */
const RGB = 0;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

interface Header {
  width: number;
  height: number;
  /** Rows go from the top down (a negative height in the file); as a rule they go up. */
  topDown: boolean;
  depth: number;
  pixelsAt: number;
  /** Red, green and blue of each palette entry; null for 16, 24 and 32 bits a pixel. */
  palette: Uint8Array | null;
  /** Bit masks of red, green and blue for 16 and 32 bits a pixel. */
  masks: readonly [number, number, number];
}

/** True where the bytes start as a Windows bitmap does. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/**
 * Decodes uncompressed Windows bitmaps: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits. Throws DataError
 * `unreadable-image`, `unsupported-image` (run-length coded and embedded JPEG or PNG) or `too-large`.
 */
export function decodeBmp(bytes: Uint8Array, path: string): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view, bytes, path);
  const { width, height, depth, palette } = header;
  const rowBytes = Math.ceil((width * depth) / 32) * 4;
  if (header.pixelsAt + rowBytes * height > bytes.length)
    throw brokenImage(path, 'BMP', 'the file is truncated');
  const data = new Uint8Array(width * height * 3);
  const scales = header.masks.map(scaleOf);
  for (let y = 0; y < height; y++) {
    const row = header.pixelsAt + (header.topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0, to = y * width * 3; x < width; x++, to += 3) {
      if (palette) {
        const perByte = 8 / depth;
        const byte = bytes[row + Math.floor(x / perByte)]!;
        const index = (byte >> (8 - depth * ((x % perByte) + 1))) & ((1 << depth) - 1);
        data.set(palette.subarray(index * 3, index * 3 + 3), to);
      } else if (depth === 24) {
        const from = row + x * 3;
        data[to] = bytes[from + 2]!;
        data[to + 1] = bytes[from + 1]!;
        data[to + 2] = bytes[from]!;
      } else {
        const value = depth === 16 ? view.getUint16(row + x * 2, true) : view.getUint32(row + x * 4, true);
        for (let channel = 0; channel < 3; channel++) {
          const { shift, max } = scales[channel]!;
          data[to + channel] = Math.trunc((((value & header.masks[channel]!) >>> shift) * 255) / max);
        }
      }
    }
  }
  return { width, height, data };
}

function readHeader(view: DataView, bytes: Uint8Array, path: string): Header {
  if (bytes.length < FILE_HEADER + 12) throw brokenImage(path, 'BMP', 'the file is truncated');
  const pixelsAt = view.getUint32(10, true);
  const size = view.getUint32(FILE_HEADER, true);
  // OS/2's first header has 12 bytes and 16-bit sizes; all later ones begin with Windows' 40.
  const isOld = size === 12;
  if ((!isOld && size < 40) || FILE_HEADER + size > bytes.length) {
    throw brokenImage(path, 'BMP', 'its header is malformed');
  }
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isOld ? view.getUint16(20, true) : view.getInt32(22, true);
  const depth = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? RGB : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  checkDimensions(width, height, path);
  if (compression !== RGB && compression !== BITFIELDS && compression !== ALPHA_BITFIELDS) {
    throw unsupportedImage(path, 'compressed BMP images');
  }
  if (![1, 4, 8, 16, 24, 32].includes(depth))
    throw brokenImage(path, 'BMP', `${depth} bits a pixel make no sense`);
  const colours = isOld ? 0 : view.getUint32(46, true);
  return {
    width,
    height,
    topDown: signedHeight < 0,
    depth,
    pixelsAt,
    palette: depth <= 8 ? readPalette(bytes, FILE_HEADER + size, isOld ? 3 : 4, colours, depth, path) : null,
    masks: compression === RGB ? defaultMasks(depth) : readMasks(view, path),
  };
}

function defaultMasks(depth: number): readonly [number, number, number] {
  return depth === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff];
}

/** They follow Windows' 40 bytes, inside the larger headers and behind the smallest alike. */
function readMasks(view: DataView, path: string): readonly [number, number, number] {
  const at = FILE_HEADER + 40;
  if (at + 12 > view.byteLength) throw brokenImage(path, 'BMP', 'the file is truncated');
  return [view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
}

function scaleOf(mask: number): { shift: number; max: number } {
  if (mask === 0) return { shift: 0, max: 1 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { shift, max: mask >>> shift };
}

function readPalette(
  bytes: Uint8Array,
  at: number,
  entryBytes: 3 | 4,
  announced: number,
  depth: number,
  path: string,
): Uint8Array {
  const entries = announced === 0 ? 1 << depth : Math.min(announced, 1 << depth);
  if (at + entries * entryBytes > bytes.length) throw brokenImage(path, 'BMP', 'the file is truncated');
  const palette = new Uint8Array((1 << depth) * 3);
  for (let i = 0; i < entries; i++) {
    const from = at + i * entryBytes;
    palette.set([bytes[from + 2]!, bytes[from + 1]!, bytes[from]!], i * 3);
  }
  return palette;
}
