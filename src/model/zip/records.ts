/** Signatures and fixed sizes of the records of a zip file (PKWARE APPNOTE 6.3). */
export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  descriptor: 0x08074b50,
} as const;
export const SIZE = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const;

/** General-purpose flag bits. */
export const FLAG = { encrypted: 0x1, descriptor: 0x8, utf8: 0x800 } as const;
export const METHOD = { stored: 0, deflated: 8 } as const;

const ZIP64_EXTRA = 0x0001;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;

/** The fixed part of a central directory entry. */
export interface CentralHeader {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  readonly disk: number;
  readonly name: Uint8Array;
  /** Bytes of the whole entry. */
  readonly length: number;
}

/** Decodes the central directory entry at `at`, or null where it is none or runs past the end. */
export function centralHeader(bytes: Uint8Array, at: number): CentralHeader | null {
  const view = inRange(bytes, at, SIZE.central);
  if (view?.getUint32(0, true) !== SIGNATURE.central) return null;
  const nameLength = view.getUint16(28, true);
  const extraLength = view.getUint16(30, true);
  const length = SIZE.central + nameLength + extraLength + view.getUint16(32, true);
  if (at + length > bytes.length) return null;
  const nameAt = at + SIZE.central;
  const wide = zip64Fields(bytes.subarray(nameAt + nameLength, nameAt + nameLength + extraLength), [
    view.getUint32(24, true) === FULL32 ? 8 : 0,
    view.getUint32(20, true) === FULL32 ? 8 : 0,
    view.getUint32(42, true) === FULL32 ? 8 : 0,
    view.getUint16(34, true) === FULL16 ? 4 : 0,
  ]);
  if (!wide) return null;
  return {
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    size: wide[0] ?? view.getUint32(24, true),
    compressedSize: wide[1] ?? view.getUint32(20, true),
    headerOffset: wide[2] ?? view.getUint32(42, true),
    disk: wide[3] ?? view.getUint16(34, true),
    name: bytes.subarray(nameAt, nameAt + nameLength),
    length,
  };
}

/** A local file header. Sizes are null where the header leaves them to a data descriptor. */
export interface LocalHeader {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number | null;
  readonly size: number | null;
  readonly name: Uint8Array;
  /** Bytes of the header, after which the data begin. */
  readonly length: number;
}

/** Bytes of the local header whose fixed part is given, or null where it is none. */
export function localHeaderLength(fixed: Uint8Array): number | null {
  const view = inRange(fixed, 0, SIZE.local);
  if (view?.getUint32(0, true) !== SIGNATURE.local) return null;
  return SIZE.local + view.getUint16(26, true) + view.getUint16(28, true);
}

/** Decodes a whole local header, or null where its zip64 field is broken. */
export function localHeader(bytes: Uint8Array): LocalHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameLength = view.getUint16(26, true);
  const flags = view.getUint16(6, true);
  const later = (flags & FLAG.descriptor) !== 0;
  const wide = zip64Fields(bytes.subarray(SIZE.local + nameLength), [
    view.getUint32(22, true) === FULL32 ? 8 : 0,
    view.getUint32(18, true) === FULL32 ? 8 : 0,
  ]);
  if (!wide && !later) return null;
  return {
    flags,
    method: view.getUint16(8, true),
    crc: view.getUint32(14, true),
    size: later ? null : (wide?.[0] ?? view.getUint32(22, true)),
    compressedSize: later ? null : (wide?.[1] ?? view.getUint32(18, true)),
    name: bytes.subarray(SIZE.local, SIZE.local + nameLength),
    length: bytes.length,
  };
}

/**
 * The fields of the zip64 extra field, in order, each of the width given: 0 for one that is not in it. Null where one
 * that should be there is missing or too large for a file.
 */
function zip64Fields(extra: Uint8Array, widths: readonly (0 | 4 | 8)[]): (number | undefined)[] | null {
  if (widths.every((width) => width === 0)) return widths.map(() => undefined);
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) !== ZIP64_EXTRA) {
      at += 4 + length;
      continue;
    }
    let field = at + 4;
    const end = Math.min(field + length, extra.length);
    const values: (number | undefined)[] = [];
    for (const width of widths) {
      if (width === 0) {
        values.push(undefined);
        continue;
      }
      if (field + width > end) return null;
      const value = width === 4 ? view.getUint32(field, true) : Number(view.getBigUint64(field, true));
      if (!Number.isSafeInteger(value)) return null;
      values.push(value);
      field += width;
    }
    return values;
  }
  return null;
}

/** Where the central directory lies. */
export interface Directory {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
  readonly disk: number;
}

/** The fixed part of an end-of-central-directory record. */
export function endRecord(bytes: Uint8Array, at: number): (Directory & { commentLength: number }) | null {
  const view = inRange(bytes, at, SIZE.end);
  if (view?.getUint32(0, true) !== SIGNATURE.end) return null;
  return {
    disk: view.getUint16(4, true),
    entries: view.getUint16(10, true),
    size: view.getUint32(12, true),
    offset: view.getUint32(16, true),
    commentLength: view.getUint16(20, true),
  };
}

/** A zip64 end-of-central-directory record, or null. */
export function endRecord64(bytes: Uint8Array): Directory | null {
  const view = inRange(bytes, 0, SIZE.end64);
  if (view?.getUint32(0, true) !== SIGNATURE.end64) return null;
  const [entries, size, offset] = [32, 40, 48].map((at) => Number(view.getBigUint64(at, true)));
  if (![entries, size, offset].every((value) => Number.isSafeInteger(value))) return null;
  return { disk: view.getUint32(16, true), entries: entries!, size: size!, offset: offset! };
}

/** True where the record says that the zip64 record holds the real value of one of its fields. */
export function isSaturated(end: Directory): boolean {
  return end.entries === FULL16 || end.size === FULL32 || end.offset === FULL32 || end.disk === FULL16;
}

/** A view of `length` bytes at `at`, or null where they are not all there. */
function inRange(bytes: Uint8Array, at: number, length: number): DataView | null {
  if (at < 0 || at + length > bytes.length) return null;
  return new DataView(bytes.buffer, bytes.byteOffset + at, length);
}
