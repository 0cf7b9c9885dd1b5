import type { ByteSource } from '../source';
import { LIMITS, PickleFault } from './limits';
import type { PickleBytes, PickleValue } from './values';

const WINDOW = 64 * 1024;
const utf8 = new TextDecoder('utf-8');

/** Reads a pickle's bytes in order, a window at a time; long strings and byte arrays are passed over, not read. */
export class PickleInput {
  /** Offset of the next byte in the source. */
  position: number;
  private readonly source: ByteSource;
  private readonly end: number;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private textLeft: number = LIMITS.allText;

  /** Reads from `start` up to, at most, `end` of the source. */
  constructor(source: ByteSource, start: number, end: number) {
    this.source = source;
    this.position = start;
    this.end = end;
  }

  byte(): number {
    const at = this.need(1);
    return this.window[at]!;
  }

  uint16(): number {
    const at = this.need(2);
    return this.window[at]! | (this.window[at + 1]! << 8);
  }

  int32(): number {
    const at = this.need(4);
    const w = this.window;
    return w[at]! | (w[at + 1]! << 8) | (w[at + 2]! << 16) | (w[at + 3]! << 24);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** An unsigned 64-bit length. */
  uint64(): number {
    const low = this.uint32();
    return this.uint32() * 0x1_0000_0000 + low;
  }

  /** A big-endian IEEE 754 double. */
  float64(): number {
    const at = this.need(8);
    return new DataView(this.window.buffer, this.window.byteOffset + at, 8).getFloat64(0, false);
  }

  /** A byte array of `length`, left in place. */
  bytes(length: number): PickleBytes {
    const start = this.position;
    this.skip(length);
    return { kind: 'bytes', start, length };
  }

  /** A UTF-8 string of `length` bytes; left in place where it is long. */
  text(length: number): PickleValue {
    const start = this.position;
    if (length > LIMITS.text) {
      this.skip(length);
      return { kind: 'text', start, length };
    }
    return utf8.decode(this.take(length));
  }

  /** `length` bytes, copied by whoever keeps them. */
  take(length: number): Uint8Array {
    this.textLeft -= length;
    if (this.textLeft < 0)
      throw new PickleFault('too-large', this.position, 'its strings add up to more than Scour holds');
    const at = this.need(length);
    return this.window.subarray(at, at + length);
  }

  /** The text up to a line feed, which is consumed; in Latin-1 no byte is lost. */
  line(encoding: 'latin1' | 'utf8' = 'latin1'): string {
    const start = this.position;
    const at = this.need(1, 0);
    const stop = this.window.indexOf(0x0a, at);
    const bytes = stop < 0 ? this.longLine() : this.window.subarray(at, stop);
    this.position = start + bytes.length + 1;
    this.textLeft -= bytes.length;
    if (this.textLeft < 0)
      throw new PickleFault('too-large', start, 'its strings add up to more than Scour holds');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
  }

  /** A line that goes beyond the window. */
  private longLine(): Uint8Array {
    const start = this.position;
    const room = Math.min(LIMITS.line, this.end - start);
    const bytes = this.source.read(start, room);
    const stop = bytes.indexOf(0x0a);
    if (stop >= 0) return bytes.subarray(0, stop);
    if (room < LIMITS.line) throw new PickleFault('truncated', start, 'a line has no end');
    throw new PickleFault('too-large', start, 'a line is longer than Scour reads');
  }

  private skip(length: number): void {
    if (length > this.end - this.position) throw this.truncated(length);
    this.position += length;
  }

  /** Index in the window of `length` bytes at the position, which moves on by `advance`. */
  private need(length: number, advance = length): number {
    if (length > this.end - this.position) throw this.truncated(length);
    let at = this.position - this.windowStart;
    if (at < 0 || at + length > this.window.length) {
      const size = Math.min(Math.max(WINDOW, length), this.end - this.position);
      this.window = this.source.read(this.position, size);
      this.windowStart = this.position;
      at = 0;
    }
    this.position += advance;
    return at;
  }

  private truncated(length: number): PickleFault {
    const left = this.end - this.position;
    return new PickleFault(
      'truncated',
      this.position,
      `${length} more bytes are announced but only ${left} are left`,
    );
  }
}
