import { brokenImage, checkDimensions, type Image } from '../image';

/** True where the bytes start as a PBM, PGM or PPM file does, plain or raw. */
export function isNetpbm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1]! >= 0x31 && bytes[1]! <= 0x36 && isSpace(bytes[2]);
}

/**
 * Decodes PBM, PGM and PPM (P1 … P6), one image a file. Values are scaled from 0…maxval to 0…255 and rounded, also
 * those of 16 bits. Throws DataError `unreadable-image` or `too-large`.
 */
export function decodeNetpbm(bytes: Uint8Array, path: string): Image {
  const kind = bytes[1]! - 0x30;
  const reader = new TokenReader(bytes, path);
  const width = reader.integer();
  const height = reader.integer();
  const isBitmap = kind === 1 || kind === 4;
  const maximum = isBitmap ? 1 : reader.integer();
  checkDimensions(width, height, path);
  if (maximum < 1 || maximum > 65535)
    throw brokenImage(path, 'PNM', `a largest value of ${maximum} makes no sense`);
  const samples = kind === 3 || kind === 6 ? 3 : 1;
  const next =
    kind === 1
      ? () => 1 - reader.bit()
      : kind <= 3
        ? () => reader.integer()
        : kind === 4
          ? reader.packedBits(width, height)
          : reader.binary(maximum, width * height * samples);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3 / samples) {
    const value = next();
    if (value > maximum)
      throw brokenImage(path, 'PNM', `it holds ${value}, more than its largest value ${maximum}`);
    data.fill(roundHalfToEven((value / maximum) * 255), i, i + 3 / samples);
  }
  return { width, height, data };
}

/** Python's `round`, which Pillow scales with. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 && floor % 2 === 0 ? floor : Math.round(value);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

class TokenReader {
  private readonly bytes: Uint8Array;
  private readonly path: string;
  private at = 2;

  constructor(bytes: Uint8Array, path: string) {
    this.bytes = bytes;
    this.path = path;
  }

  /** A decimal number and the one white space behind it. */
  integer(): number {
    this.skipSpace();
    let value = 0;
    let digits = 0;
    for (; ; this.at++, digits++) {
      const digit = (this.bytes[this.at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (digits === 9) throw brokenImage(this.path, 'PNM', 'it holds a number of too many digits');
      value = value * 10 + digit;
    }
    const end = this.bytes[this.at];
    if (digits === 0 || (end !== undefined && !isSpace(end))) {
      throw brokenImage(this.path, 'PNM', 'it is truncated, or something else stands where a number should');
    }
    this.at += 1;
    return value;
  }

  /** One digit of a plain bitmap; they may stand without space between them. */
  bit(): number {
    this.skipSpace();
    const bit = (this.bytes[this.at++] ?? 0) - 0x30;
    if (bit !== 0 && bit !== 1)
      throw brokenImage(this.path, 'PNM', 'it is truncated or holds more than 0 and 1');
    return bit;
  }

  /** The bits of a raw bitmap; each row begins a new byte, and 1 is black. */
  packedBits(width: number, height: number): () => number {
    const rowBytes = Math.ceil(width / 8);
    const start = this.need(rowBytes * height);
    let i = 0;
    return () => {
      const [row, column] = [Math.floor(i / width), i % width];
      i += 1;
      return 1 - ((this.bytes[start + row * rowBytes + (column >> 3)]! >> (7 - (column & 7))) & 1);
    };
  }

  /** Values of one byte, or two (the higher first) where `maximum` needs them. */
  binary(maximum: number, count: number): () => number {
    const width = maximum > 255 ? 2 : 1;
    let at = this.need(count * width);
    return width === 1
      ? () => this.bytes[at++]!
      : () => {
          at += 2;
          return this.bytes[at - 2]! * 256 + this.bytes[at - 1]!;
        };
  }

  private need(length: number): number {
    if (this.at + length > this.bytes.length) throw brokenImage(this.path, 'PNM', 'the file is truncated');
    return this.at;
  }

  private skipSpace(): void {
    for (;;) {
      while (isSpace(this.bytes[this.at])) this.at += 1;
      if (this.bytes[this.at] !== 0x23) return;
      const end = this.bytes.indexOf(0x0a, this.at);
      this.at = end < 0 ? this.bytes.length : end + 1;
    }
  }
}
