import { statSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import { DataError, isScourError, messageOf } from '../../protocol/errors';
import { readRange } from '../read-range';
import { checkPages } from './parquet-pages';

/** A footer larger than this describes no set of images: one of 10,000 row groups has a few megabytes. */
const MAX_FOOTER = 64 * 1024 * 1024;
/** What one column of one row group may hold, packed and unpacked; Hugging Face writes at most 100 MB or 100 images. */
const MAX_CHUNK = 512 * 1024 * 1024;
const MAX_ROWS = 20_000_000;

/** A column at the top of the schema. */
export interface ParquetColumn {
  readonly name: string;
  /** Physical type, or null for a group of columns. */
  readonly type: string | null;
  /** Names of the columns in the group. */
  readonly children: readonly string[];
}

/** A Parquet file, read by row groups. Nothing of it is trusted: sizes are checked before they are allocated. */
export class ParquetFile {
  readonly path: string;
  /** Rows of each row group. */
  readonly groups: readonly number[];
  readonly columns: readonly ParquetColumn[];
  private readonly source: AsyncBuffer;
  private readonly metadata: FileMetaData;

  private constructor(path: string, source: AsyncBuffer, metadata: FileMetaData) {
    this.path = path;
    this.source = source;
    this.metadata = metadata;
    this.groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    this.columns = parquetSchema(metadata).children.map(({ element, children }) => ({
      name: element.name,
      type: element.type ?? null,
      children: children.map((child) => child.element.name),
    }));
  }

  /** Reads the footer. Rejects with DataError `unreadable-image` or `too-large`. */
  static async open(path: string): Promise<ParquetFile> {
    const tail = readRange(path, Math.max(0, statSync(path).size - 8), 8, 8);
    if (tail.length === 8 && tail.readUInt32LE(0) > MAX_FOOTER) {
      throw new DataError(
        'too-large',
        path,
        `${path}: its footer announces ${tail.readUInt32LE(0)} bytes, more than the ${MAX_FOOTER} that are read.`,
      );
    }
    return await guard(path, async () => {
      const source = sourceOf(path);
      const file = new ParquetFile(path, source, await parquetMetadataAsync(source, { geoparquet: false }));
      const rows = file.groups.reduce((sum, count) => (count >= 0 ? sum + count : NaN), 0);
      if (!(rows <= MAX_ROWS)) throw new Error(`it announces ${rows} rows`);
      return file;
    });
  }

  /** The value of a key in the footer, e.g. `huggingface`, or null. */
  value(key: string): string | null {
    return this.metadata.key_value_metadata?.find((each) => each.key === key)?.value ?? null;
  }

  /**
   * The values of a column in one row group: numbers, bigints, byte arrays, or objects for a group of columns. Rejects
   * with DataError where they are damaged, packed in a way that is not read, or more than is read at once.
   */
  async read(column: string, group: number): Promise<unknown[]> {
    const rowStart = this.groups.slice(0, group).reduce((sum, count) => sum + count, 0);
    const rows = this.groups[group]!;
    if (rows === 0) return [];
    return await guard(this.path, async () => {
      for (const { meta_data: chunk } of this.metadata.row_groups[group]!.columns) {
        if (chunk?.path_in_schema[0] === column) checkPages(this.path, chunk, rows, MAX_CHUNK);
      }
      const read = await parquetReadObjects({
        file: this.source,
        metadata: this.metadata,
        columns: [column],
        rowStart,
        rowEnd: rowStart + rows,
        utf8: false,
        compressors: COMPRESSORS,
        geoparquet: false,
      });
      if (read.length !== rows) throw new Error(`a column has ${read.length} of ${rows} rows`);
      return read.map((row: Record<string, unknown>) => row[column]);
    });
  }
}

/** Snappy, which nearly every writer uses, is the library's own; these are Node's. */
const COMPRESSORS: Compressors = {
  GZIP: (packed, size) => gunzipSync(packed, { maxOutputLength: Math.max(1, size) }),
  BROTLI: (packed, size) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) }),
};

function sourceOf(path: string): AsyncBuffer {
  const { size } = statSync(path);
  return {
    byteLength: size,
    slice: (start, end = size) => {
      const bytes = readRange(path, start, end - start, MAX_CHUNK);
      if (bytes.length < end - start) throw new Error('it is truncated');
      return bytes.buffer as ArrayBuffer;
    },
  };
}

/** Runs what the library does with untrusted bytes: whatever it throws is a fault of the file. */
async function guard<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (isScourError(cause)) throw cause;
    throw new DataError(
      'unreadable-image',
      path,
      `${path}: broken Parquet file: ${messageOf(cause).replace(/^parquet /, '')}.`,
      { cause },
    );
  }
}
