import type { Cell } from './cell';

/** Mean and standard deviation (ddof 1, absent for one value) of a figure over seeds; `–` where it was not measured. */
export function spread(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return '–';
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length === 1) return mean.toFixed(1);
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(1)} ± ${Math.sqrt(squares / (known.length - 1)).toFixed(1)}`;
}

export const HEADER = ['', 'ACC', 'ASR', 'RA', 'agreement', 're-drawn', 'channels held'] as const;

/** One row of the table: the cells of one variant, a seed each. */
export function row(cells: readonly Cell[]): string[] {
  const first = cells[0]!;
  const diverged = cells.filter(({ status }) => status === 'diverged').length;
  return [
    diverged === 0 ? first.variant : `${first.variant} (${diverged} of ${cells.length} diverged)`,
    spread(cells.map(({ acc }) => acc)),
    spread(cells.map(({ asr }) => asr)),
    spread(cells.map(({ ra }) => ra)),
    spread(cells.map(({ agreement }) => agreement)),
    spread(cells.map(({ redrawn }) => 100 * redrawn)),
    String(first.held),
  ];
}
