export type Direction = 'ascending' | 'descending';
export type SortValue = number | string | null;

const NAMES = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Order of two cells: numbers by value, text with numbers inside by their value (`layer2` before `layer10`), numbers
 * before text, and what is missing last in either direction.
 */
export function compareValues(a: SortValue, b: SortValue, direction: Direction): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const sign = direction === 'ascending' ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a < b ? -sign : sign;
  if (typeof a === 'string' && typeof b === 'string') return sign * NAMES.compare(a, b);
  return typeof a === 'number' ? -1 : 1;
}

/** The rows in order of a column; rows that are equal in it keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => SortValue,
  direction: Direction,
): Row[] {
  return rows
    .map((row, at) => ({ row, at, key: value(row) }))
    .sort((a, b) => compareValues(a.key, b.key, direction) || a.at - b.at)
    .map(({ row }) => row);
}
