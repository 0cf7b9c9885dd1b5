import { DataError } from '../../protocol/errors';
import type { CellLocation } from '../dataset';
import { ParquetFile } from '../formats/parquet-file';

/** The row group read last: the images of a set are asked for in order, so one is enough. */
interface Kept {
  readonly path: string;
  readonly column: string;
  readonly group: number;
  readonly cells: Promise<readonly unknown[]>;
}

let file: { readonly path: string; readonly opened: Promise<ParquetFile> } | null = null;
let kept: Kept | null = null;

/** How messages name a cell. */
export function cellPath({ path, group, row }: CellLocation): string {
  return `${path}:row group ${group}, row ${row}`;
}

/**
 * The bytes of the image file in a cell. A thread keeps the row group it read last, so that reading a set in order
 * unpacks each once. Rejects with DataError where the group is damaged or the cell holds no bytes.
 */
export async function readCell(location: CellLocation): Promise<Uint8Array> {
  const { path, column, group, row } = location;
  if (kept?.path !== path || kept.column !== column || kept.group !== group) {
    if (file?.path !== path) file = { path, opened: ParquetFile.open(path) };
    const { opened } = file;
    kept = { path, column, group, cells: opened.then((parquet) => parquet.read(column, group)) };
  }
  const cell = (await kept.cells)[row];
  const bytes = cell !== null && typeof cell === 'object' && 'bytes' in cell ? cell.bytes : cell;
  if (bytes instanceof Uint8Array) return bytes;
  throw new DataError(
    'unreadable-image',
    path,
    `${cellPath(location)} holds no bytes of an image${pathOnly(cell)}.`,
  );
}

/** Exports made without embedding have the path of each image alone, on the machine that made them. */
function pathOnly(cell: unknown): string {
  const named = cell !== null && typeof cell === 'object' && 'path' in cell ? cell.path : null;
  return typeof named === 'string' ? `, only the path ${JSON.stringify(named)}` : '';
}
