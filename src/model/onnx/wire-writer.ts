import { WIRE } from './wire';

const utf8 = new TextEncoder();

/** Bytes of an unsigned varint below 2^53. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** Builds a protocol-buffer message in memory, field by field. */
export class WireWriter {
  private readonly pieces: Uint8Array[] = [];
  private size = 0;

  /** The message so far. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** A signed 64-bit integer (int32, int64, enum). */
  int(field: number, value: number): this {
    this.tag(field, WIRE.varint);
    this.push(value >= 0 && Number.isSafeInteger(value) ? varint(value) : signedVarint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.tag(field, WIRE.fixed32);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, WIRE.bytes);
    this.push(varint(value.length));
    this.push(value);
    return this;
  }

  message(field: number, build: (inner: WireWriter) => void): this {
    const inner = new WireWriter();
    build(inner);
    this.tag(field, WIRE.bytes);
    this.push(varint(inner.size));
    for (const piece of inner.pieces) this.push(piece);
    return this;
  }

  /** Repeated signed integers, packed. */
  ints(field: number, values: readonly number[]): this {
    const packed = new WireWriter();
    for (const value of values)
      packed.push(value >= 0 && Number.isSafeInteger(value) ? varint(value) : signedVarint(value));
    return this.bytes(field, packed.finish());
  }

  private tag(field: number, wire: number): void {
    this.push(varint(field * 8 + wire));
  }

  private push(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.size += piece.length;
  }
}

/** Two's complement of 64 bits; doubles beyond the range of int64 are clamped to its ends (Slice's "to the end"). */
function signedVarint(value: number): Uint8Array {
  const max = 0x7fffffffffffffffn;
  const exact = value >= 2 ** 63 ? max : value <= -(2 ** 63) ? -max - 1n : BigInt(Math.trunc(value));
  let rest = BigInt.asUintN(64, exact);
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
