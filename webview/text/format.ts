import { durationInWords } from '../../src/protocol/duration';

const GROUPED = new Intl.NumberFormat('en-US');

/** `2,400`. */
export function formatCount(count: number): string {
  return GROUPED.format(count);
}

/** `1 channel`, `2,400 channels`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A statistic to four significant digits; a value that is not finite travels as null. */
export function formatStatistic(value: number | null): string {
  if (value === null) return 'not finite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(3) : Number(value.toPrecision(4)).toString();
}

/** A difference with its sign, to four significant digits. */
export function formatDelta(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${formatStatistic(Math.abs(value))}`;
}

/** u as the slider gives it: one decimal at least, more where the number field was given more. */
export function formatU(u: number): string {
  const rounded = Number(u.toFixed(4));
  return Number.isInteger(rounded) ? rounded.toFixed(1) : rounded.toString();
}

/** A z-score to two decimals; infinite where every other channel of the layer is equal. */
export function formatZ(z: number): string {
  return Number.isFinite(z) ? z.toFixed(2) : '∞';
}

/** `85.3 %`. */
export function formatPercent(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

const UNITS = ['KB', 'MB', 'GB', 'TB'] as const;

/** `1.5 MB (1,523,456 bytes)`; units are powers of 1024, as VS Code shows them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return plural(bytes, 'byte');
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power - 1]!} (${formatCount(bytes)} bytes)`;
}

/** What is left of a job, in words; null while unknown. */
export function formatTimeLeft(seconds: number | null): string | null {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return null;
  return `about ${durationInWords(seconds)} left`;
}

/** `3 × 3`; a kernel of unknown shape is a dash. */
export function formatKernel(kernel: readonly number[]): string {
  return kernel.length === 0 ? '–' : kernel.join(' × ');
}

/** The last part of a path of either platform. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}
