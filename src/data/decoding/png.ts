import { crc32, inflateSync } from 'node:zlib';
import { brokenImage, checkDimensions, type Image } from '../image';
import { expandRow, type PixelFormat } from './png-pixels';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bit depths that the PNG specification allows for each colour type, and the samples of one pixel. */
const COLOUR_TYPES: Readonly<Record<number, { samples: 1 | 2 | 3 | 4; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** Adam7: first column, first row, column step, row step of each pass. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  width: number;
  height: number;
  pixel: PixelFormat;
  interlaced: boolean;
}

/** True where the bytes start as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes PNG (ISO/IEC 15948): all colour types, bit depths and interlacing; of an animation the default image.
 * Throws DataError `unreadable-image` or `too-large`.
 */
export function decodePng(bytes: Uint8Array, path: string): Image {
  const { header, compressed } = readChunks(bytes, path);
  const { width, height, pixel, interlaced } = header;
  const passes = (interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy, columns: count(width, x, dx), rows: count(height, y, dy) }))
    .filter((pass) => pass.columns > 0 && pass.rows > 0);
  const bits = pixel.samples * pixel.depth;
  const expected = passes.reduce((sum, { columns, rows }) => sum + rows * (1 + bytesOfRow(columns, bits)), 0);
  const raw = inflate(compressed, expected, path);

  const data = new Uint8Array(width * height * 3);
  let offset = 0;
  for (const { x, y, dx, dy, columns, rows } of passes) {
    const rowBytes = bytesOfRow(columns, bits);
    unfilter(raw, offset, rows, rowBytes, Math.max(1, bits >> 3), path);
    for (let row = 0; row < rows; row++) {
      const start = offset + row * (rowBytes + 1) + 1;
      expandRow(raw, start, columns, pixel, data, ((y + row * dy) * width + x) * 3, dx * 3);
    }
    offset += rows * (rowBytes + 1);
  }
  return { width, height, data };
}

function count(size: number, first: number, step: number): number {
  return Math.max(0, Math.ceil((size - first) / step));
}

function bytesOfRow(columns: number, bits: number): number {
  return Math.ceil((columns * bits) / 8);
}

function readChunks(bytes: Uint8Array, path: string): { header: Header; compressed: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let header: Header | null = null;
  let palette: Uint8Array | null = null;
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) throw brokenImage(path, 'PNG', 'the file is truncated');
    // Ancillary chunks (lower-case first letter) cannot change a pixel; like Pillow, do not let them spoil the image.
    const isCritical = (bytes[at + 4]! & 0x20) === 0;
    if (isCritical && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw brokenImage(path, 'PNG', `the checksum of a ${JSON.stringify(type)} chunk is wrong`);
    }
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header ??= readHeader(body, path);
    else if (header === null) throw brokenImage(path, 'PNG', 'it does not start with a header chunk');
    else if (type === 'PLTE') palette ??= body;
    else if (type === 'IDAT') parts.push(body);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (header === null || parts.length === 0) throw brokenImage(path, 'PNG', 'the file is truncated');
  if (header.pixel.palette) {
    if (palette === null || palette.length % 3 !== 0 || palette.length > 768) {
      throw brokenImage(path, 'PNG', 'its palette is missing or malformed');
    }
    header.pixel.palette.set(palette);
  }
  return { header, compressed: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
}

function readHeader(body: Uint8Array, path: string): Header {
  if (body.length !== 13) throw brokenImage(path, 'PNG', 'its header has the wrong length');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlace] = body.subarray(8) as unknown as number[];
  const type = COLOUR_TYPES[colourType!];
  if (!type?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1) {
    throw brokenImage(path, 'PNG', 'its header announces an unknown pixel format');
  }
  checkDimensions(width, height, path);
  const palette = colourType === 3 ? new Uint8Array(768) : null;
  return {
    width,
    height,
    interlaced: interlace === 1,
    pixel: { samples: type.samples, depth: depth as PixelFormat['depth'], palette },
  };
}

/** Some encoders write a little more than the image needs; libpng ignores it, so do we, but not without bound. */
const SLACK = 64 * 1024;

function inflate(compressed: Uint8Array, expected: number, path: string): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = inflateSync(compressed, { maxOutputLength: expected + SLACK });
  } catch (cause) {
    throw brokenImage(path, 'PNG', 'its compressed data is damaged, truncated or too long', cause);
  }
  if (raw.length < expected) throw brokenImage(path, 'PNG', 'it holds fewer pixels than it announces');
  return raw;
}

/** Reverses the row filters in place; each row is one filter byte and `rowBytes` bytes. */
function unfilter(
  raw: Uint8Array,
  offset: number,
  rows: number,
  rowBytes: number,
  step: number,
  path: string,
): void {
  for (let row = 0; row < rows; row++) {
    const start = offset + row * (rowBytes + 1) + 1;
    const above = row === 0 ? -1 : start - rowBytes - 1;
    const filter = raw[start - 1]!;
    if (filter > 4) throw brokenImage(path, 'PNG', 'a row has an unknown filter');
    if (filter === 0) continue;
    for (let i = 0; i < rowBytes; i++) {
      const left = i < step ? 0 : raw[start + i - step]!;
      const up = above < 0 ? 0 : raw[above + i]!;
      const corner = above < 0 || i < step ? 0 : raw[above + i - step]!;
      const predicted =
        filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
      raw[start + i] = raw[start + i]! + predicted;
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
