import type { ColumnMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { DataError } from '../../protocol/errors';
import { readRange } from '../read-range';

/** Codecs that `ParquetFile` unpacks. */
const CODECS: readonly string[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI'];

/**
 * Walks the page headers of one column of a row group of `rows` rows, before the library allocates what they announce:
 * pages lie within the column, unpack to `limit` bytes at most, and hold no more values than there are rows. Throws
 * DataError `too-large`, `unsupported-image`, or Error where the pages make no sense.
 */
export function checkPages(path: string, chunk: ColumnMetaData, rows: number, limit: number): void {
  const what = `${path}: column '${chunk.path_in_schema.join('.')}'`;
  if (!CODECS.includes(chunk.codec)) {
    throw new DataError(
      'unsupported-image',
      path,
      `${what} is packed with ${chunk.codec}, which is not read; write the file with compression='snappy'.`,
    );
  }
  const tooLarge = (bytes: number | bigint) =>
    new DataError(
      'too-large',
      path,
      `${what} holds ${bytes} bytes in one row group, more than the ${limit} that are read at once; write the file with smaller row groups (pyarrow: row_group_size=100).`,
    );
  const dictionaryAt = Number(chunk.dictionary_page_offset ?? 0);
  // Some writers give 0 where there is no dictionary.
  const start = dictionaryAt > 0 ? dictionaryAt : Number(chunk.data_page_offset);
  const length = Number(chunk.total_compressed_size);
  if (length > limit) throw tooLarge(length);
  if (!(start >= 4 && length >= 0)) throw new Error('a column lies outside the file');
  const bytes = readRange(path, start, length, limit);
  if (bytes.length < length) throw new Error('it is truncated');
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 };
  let values = 0;
  let dictionaries = 0;
  let unpacked = 0;
  while (reader.offset < length) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: size } = header;
    const dictionary = header.dictionary_page_header?.num_values;
    const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
    if (!(packed >= 0 && size >= 0 && reader.offset + packed <= length)) {
      throw new Error('a page leaves its column');
    }
    unpacked += size;
    if (unpacked > limit) throw tooLarge(unpacked);
    if ((count ?? 0) < 0 || (dictionary ?? 0) < 0) throw new Error('a page has a negative number of values');
    values += count ?? 0;
    dictionaries += dictionary ?? 0;
    reader.offset += packed;
  }
  // Images are one a row; lists of them would be more.
  if (values > rows || dictionaries > rows) {
    throw new Error(`a column of ${rows} rows announces ${Math.max(values, dictionaries)} values`);
  }
  if (values < rows) throw new Error(`a column of ${rows} rows holds ${values} values`);
}
