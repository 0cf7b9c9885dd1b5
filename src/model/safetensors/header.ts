import * as v from 'valibot';
import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { CheckpointError } from '../checkpoint';
import type { DType } from '../dtype';
import type { ByteSource } from '../source';
import { jsonKeys, type JsonKey } from './json-keys';

/** The library stops at 100 MB, which would take us gigabytes to parse; 16 MB describe 150,000 tensors. */
const MAX_HEADER = 16 * 1024 * 1024;
const MAX_TENSORS = 200_000;

/** Element types of the format, with their bits. */
const TYPES: Readonly<Record<string, { dtype: DType; bits: number }>> = {
  F64: { dtype: 'float64', bits: 64 },
  F32: { dtype: 'float32', bits: 32 },
  F16: { dtype: 'float16', bits: 16 },
  BF16: { dtype: 'bfloat16', bits: 16 },
  F8_E4M3: { dtype: 'float8e4m3fn', bits: 8 },
  F8_E5M2: { dtype: 'float8e5m2', bits: 8 },
  F8_E8M0: { dtype: 'unknown', bits: 8 },
  F6_E2M3: { dtype: 'unknown', bits: 6 },
  F6_E3M2: { dtype: 'unknown', bits: 6 },
  F4: { dtype: 'unknown', bits: 4 },
  I64: { dtype: 'int64', bits: 64 },
  I32: { dtype: 'int32', bits: 32 },
  I16: { dtype: 'int16', bits: 16 },
  I8: { dtype: 'int8', bits: 8 },
  U64: { dtype: 'uint64', bits: 64 },
  U32: { dtype: 'uint32', bits: 32 },
  U16: { dtype: 'uint16', bits: 16 },
  U8: { dtype: 'uint8', bits: 8 },
  BOOL: { dtype: 'bool', bits: 8 },
  C64: { dtype: 'complex64', bits: 64 },
};

const Natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const EntrySchema = v.object({
  dtype: v.string(),
  shape: v.pipe(v.array(Natural), v.maxLength(64)),
  data_offsets: v.tuple([Natural, Natural]),
});
const MetadataSchema = v.record(v.string(), v.string());

/** A tensor as the header describes it, checked on its own. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** In the data, which begin after the header. */
  readonly begin: number;
  readonly end: number;
  /** What is wrong with it, or null. */
  readonly problem: string | null;
}

export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** The JSON text with its padding, and where its keys stand. */
  readonly text: string;
  readonly keys: readonly JsonKey[];
  /** Offset of the data in the file. */
  readonly dataAt: number;
}

/** True where a file begins as safetensors do: a plausible length, then `{`. */
export function looksLikeSafetensors(source: ByteSource): boolean {
  if (source.size < 10) return false;
  const length = headerLength(source);
  return length !== null && source.read(8, 1)[0] === 0x7b;
}

function headerLength(source: ByteSource): number | null {
  const bytes = source.read(0, 8);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  return length >= 2 && length <= MAX_HEADER && 8 + length <= source.size ? length : null;
}

/**
 * Reads a header. What breaks a rule of the format but can still be read is added to `findings`.
 * @throws CheckpointError where it cannot be read.
 */
export function readHeader(source: ByteSource, findings: Finding[]): SafetensorsHeader {
  const fail = (reason: 'malformed' | 'truncated' | 'too-large', what: string, cause?: unknown) =>
    new CheckpointError(reason, source.path, `${source.path} ${what}.`, findings, { cause });
  if (source.size < 10) throw fail('truncated', 'is too short for a safetensors file');
  const length = headerLength(source);
  if (length === null) {
    throw fail(
      'truncated',
      'announces a header that is longer than the file (or than any file may have), so it is cut short or no safetensors file',
    );
  }
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source.read(8, length));
    parsed = JSON.parse(text);
  } catch (cause) {
    throw fail('malformed', 'has a header that is not JSON in UTF-8', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw fail('malformed', 'has a header that is no JSON object');
  const keys = jsonKeys(text);
  if (!keys) throw fail('malformed', 'has a header that nests deeper, or has more keys, than a header does');
  inspectText(text, keys, findings);
  const described = Object.entries(parsed).filter(([name]) => name !== '__metadata__');
  if (described.length > MAX_TENSORS)
    throw fail('too-large', `lists ${described.length} tensors, more than Scour reads`);
  const dataAt = 8 + length;
  const entries = described.map(([name, value]) => {
    const entry = v.safeParse(EntrySchema, value);
    if (!entry.success) {
      throw fail(
        'malformed',
        `describes tensor '${visible(name, 200)}' without a proper dtype, shape and data_offsets`,
      );
    }
    const { dtype, shape, data_offsets } = entry.output;
    return checkedEntry(name, dtype, shape, data_offsets, source.size - dataAt);
  });
  return { entries, metadata: readMetadata(parsed, findings), text, keys, dataAt };
}

function checkedEntry(
  name: string,
  type: string,
  dims: readonly number[],
  [begin, end]: readonly [number, number],
  available: number,
): HeaderEntry {
  const known = Object.hasOwn(TYPES, type) ? TYPES[type]! : null;
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const bytes = known ? (elements * known.bits) / 8 : end - begin;
  const problem =
    end > available || begin > end
      ? `lies at bytes ${begin} to ${end} of ${available}`
      : bytes !== end - begin
        ? `needs ${bytes} bytes for its shape and has ${end - begin}`
        : known === null || known.dtype === 'unknown' || known.dtype === 'complex64'
          ? `holds ${visible(type, 20)} values, which Scour does not read`
          : null;
  return { name, dtype: known?.dtype ?? 'unknown', dims, begin, end, problem };
}

function inspectText(text: string, keys: readonly JsonKey[], findings: Finding[]): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { key, objectStart } of keys) {
    const place = `${objectStart} ${key}`;
    if (seen.has(place)) twice.add(visible(key, 100));
    seen.add(place);
  }
  if (twice.size > 0) {
    findings.push({
      id: 'safetensors-duplicate-key',
      level: 'error',
      message: `The header names ${listShort([...twice].map((key) => `'${key}'`))} more than once: readers may take different tensors. Scour read the last.`,
    });
  }
  if (!text.startsWith('{') || !/\} *$/.test(text.slice(-4096))) {
    findings.push({
      id: 'safetensors-padding',
      level: 'warning',
      message:
        'The header has other characters than spaces around its JSON, which the format does not allow.',
    });
  }
}

function readMetadata(parsed: object, findings: Finding[]): Record<string, string> {
  if (!('__metadata__' in parsed)) return {};
  const metadata = v.safeParse(MetadataSchema, parsed.__metadata__);
  if (metadata.success && !Array.isArray(parsed.__metadata__)) return metadata.output;
  findings.push({
    id: 'safetensors-metadata',
    level: 'warning',
    message:
      'The header has metadata that are not text for text, which the format does not allow; they were passed over.',
  });
  return {};
}
