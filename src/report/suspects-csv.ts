import type { SuspectList } from '../protocol/split';

const COLUMNS = ['rank', 'path', 'label', 'predicted', 'loss', 'score', 'pool', 'suspected'] as const;
/** What spreadsheets take for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * The ranked samples as CSV (RFC 4180). Names are untrusted: one that a spreadsheet would run as a formula has an
 * apostrophe in front, as spreadsheets mark text; `suspects.json` has it as it is.
 */
export function suspectsCsv({ samples }: SuspectList): string {
  const rows = samples.map((sample) => COLUMNS.map((column) => cell(sample[column])).join(','));
  return `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
