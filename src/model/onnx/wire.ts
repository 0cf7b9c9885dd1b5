import { ModelError } from '../../protocol/errors';
import type { ByteSource } from '../source';
import type { Span } from './graph';

/** Protocol-buffer wire types. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** Bytes fetched at a time where the source is read by range. */
const WINDOW = 64 * 1024;
const MAX_GROUP_DEPTH = 32;
const utf8 = new TextDecoder('utf-8');

/**
 * Walks the fields of one protocol-buffer message without decoding what it is not asked for: `next()` moves to a field,
 * one of the value methods takes it, an untouched value is skipped. Values longer than a window are never fetched by
 * walking over them. (Encoding: protobuf.dev, "Encoding".)
 */
export class WireReader {
  /** Number of the current field. */
  field = 0;
  /** Wire type of the current field. */
  wire = 0;
  /** Offset of the current field's tag. */
  fieldStart = 0;

  private readonly source: ByteSource;
  private readonly end: number;
  private readonly what: string;
  private position: number;
  private taken = true;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  /** `what` names the message in errors: "ModelProto". */
  constructor(source: ByteSource, span: Span, what: string) {
    this.source = source;
    this.position = span.start;
    this.end = span.end;
    this.what = what;
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (!this.taken) this.skip();
    if (this.position >= this.end) return false;
    this.fieldStart = this.position;
    const tag = this.unsigned();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    this.taken = false;
    if (this.field === 0 || this.field > 0x1fffffff || this.wire > 5 || this.wire === WIRE.endGroup) {
      throw this.malformed(`an impossible field tag (${tag})`);
    }
    return true;
  }

  /** The current field as an unsigned varint. */
  uint(): number {
    this.expect(WIRE.varint);
    return this.unsigned();
  }

  /** The current field as a signed 64-bit varint (int32, int64, enum). */
  int(): number {
    this.expect(WIRE.varint);
    return this.signed();
  }

  /** The current field as a 32-bit float. */
  float(): number {
    this.expect(WIRE.fixed32);
    const at = this.advance(4);
    const b = this.bytesAt(at, 4);
    return new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true);
  }

  /** Where the current length-delimited value lies, without reading it. */
  span(): Span {
    this.expect(WIRE.bytes);
    const length = this.unsigned();
    const start = this.advance(length);
    return { start, end: start + length };
  }

  /** The current length-delimited value as text; longer than `limit` bytes is an error. */
  text(limit: number): string {
    const { start, end } = this.span();
    if (end - start > limit) throw this.tooLarge(`a text of ${end - start} bytes (the limit is ${limit})`);
    return utf8.decode(this.bytesAt(start, end - start));
  }

  /**
   * The current field of a repeated number, packed or not, handed to `take` one by one.
   * `element`: `varint` signed, `float` 32-bit.
   */
  numbers(element: 'varint' | 'float', take: (value: number) => void): void {
    if (this.wire !== WIRE.bytes) {
      take(element === 'varint' ? this.int() : this.float());
      return;
    }
    const { start, end } = this.span();
    const inner = new WireReader(this.source, { start, end }, this.what);
    while (inner.position < end) take(element === 'varint' ? inner.signed() : inner.rawFloat());
  }

  /** Skips the current value and returns the offset after it. */
  skipped(): number {
    this.skip();
    return this.position;
  }

  malformed(detail: string): ModelError {
    return new ModelError(
      'malformed',
      this.source.path,
      `${this.source.path} is not valid ONNX: ${this.what} holds ${detail} at offset ${this.fieldStart}.`,
    );
  }

  private rawFloat(): number {
    const at = this.advance(4);
    const b = this.bytesAt(at, 4);
    return new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true);
  }

  private tooLarge(detail: string): ModelError {
    return new ModelError(
      'too-large',
      this.source.path,
      `${this.source.path}: ${this.what} holds ${detail} at offset ${this.fieldStart}.`,
    );
  }

  private expect(wire: number): void {
    if (this.wire !== wire)
      throw this.malformed(`field ${this.field} with wire type ${this.wire} instead of ${wire}`);
    this.taken = true;
  }

  private skip(): void {
    this.taken = true;
    this.skipValue(this.wire, this.field, 0);
  }

  private skipValue(wire: number, field: number, depth: number): void {
    if (wire === WIRE.varint) this.skipVarint();
    else if (wire === WIRE.fixed64) this.advance(8);
    else if (wire === WIRE.fixed32) this.advance(4);
    else if (wire === WIRE.bytes) this.advance(this.unsigned());
    else this.skipGroup(field, depth + 1);
  }

  private skipGroup(field: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw this.malformed(`groups nested more than ${MAX_GROUP_DEPTH} deep`);
    for (;;) {
      const tag = this.unsigned();
      const wire = tag % 8;
      if (wire === WIRE.endGroup) {
        if (Math.floor(tag / 8) !== field) throw this.malformed('a group that ends another');
        return;
      }
      if (wire > 5) throw this.malformed(`an impossible field tag (${tag})`);
      this.skipValue(wire, Math.floor(tag / 8), depth);
    }
  }

  /** Moves over `length` bytes and returns where they start. */
  private advance(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      const overall = start + length > this.source.size;
      throw new ModelError(
        overall ? 'truncated' : 'malformed',
        this.source.path,
        overall
          ? `${this.source.path} is truncated: a value of ${length} bytes starts at offset ${start}, but the file ends at ${this.source.size}.`
          : `${this.source.path} is not valid ONNX: a value of ${length} bytes at offset ${start} runs past the end of its ${this.what}.`,
      );
    }
    this.position = start + length;
    return start;
  }

  private byte(): number {
    if (this.position >= this.end) this.advance(1);
    const at = this.position - this.windowStart;
    if (at < 0 || at >= this.window.length) {
      this.windowStart = this.position;
      this.window = this.source.read(this.position, Math.min(WINDOW, this.end - this.position));
      this.position++;
      return this.window[0]!;
    }
    this.position++;
    return this.window[at]!;
  }

  private bytesAt(start: number, length: number): Uint8Array {
    const at = start - this.windowStart;
    if (at >= 0 && at + length <= this.window.length) return this.window.subarray(at, at + length);
    return this.source.read(start, length);
  }

  /** An unsigned varint below 2^53; larger ones make no sense as a tag, a length or a count. */
  private unsigned(): number {
    const low = this.shortVarint();
    if (low !== null) return low;
    const value = this.longVarint();
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.malformed(`the number ${value}, which is out of range`);
    return Number(value);
  }

  /** A skipped varint may hold any 64 bits: -1 takes ten bytes. */
  private skipVarint(): void {
    if (this.shortVarint() === null) this.longVarint();
  }

  /** A signed varint as a double. INT64_MAX and INT64_MIN ("to the end" in Slice) stay out of any real range. */
  private signed(): number {
    return this.shortVarint() ?? Number(BigInt.asIntN(64, this.longVarint()));
  }

  /** A varint of up to four bytes; null, with nothing consumed, where it is longer. */
  private shortVarint(): number | null {
    const start = this.position;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.position = start;
    return null;
  }

  private longVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.malformed('a number of more than ten bytes');
  }
}
