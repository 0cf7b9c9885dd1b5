import { cpus, totalmem } from 'node:os';
import path from 'node:path';

/** The repository; `scripts/bench.mjs` puts it in. */
declare const SCOUR_ROOT: string;
export const ROOT = SCOUR_ROOT;
export const SHARED = path.join(ROOT, '../shared');

/** "AMD EPYC, 2 cores, 24 GB, Node v20.20.2": what figures were measured on. */
export function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model ?? 'unknown CPU'}, ${cores.length} cores, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}`;
}

/** Median, the figure that a busy moment moves least. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
