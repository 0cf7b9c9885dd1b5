import type { LossHistogram } from '../../protocol/split';
import type { CleanPool } from './pools';

const BINS = 32;

/** Split losses of both pools in bins of equal width that they share; losses that are not numbers are in none. */
export function lossHistogram(losses: ArrayLike<number>, pool: CleanPool): LossHistogram {
  const finite = Array.from(losses).filter((loss) => Number.isFinite(loss));
  const low = finite.reduce((least, loss) => Math.min(least, loss), Infinity);
  const high = finite.reduce((most, loss) => Math.max(most, loss), -Infinity);
  if (finite.length === 0) return { edges: [], clean: [], polluted: [] };
  const bins = high > low ? BINS : 1;
  const width = (high - low) / bins;
  const counts = { clean: new Array<number>(bins).fill(0), polluted: new Array<number>(bins).fill(0) };
  pool.forEach((isClean, sample) => {
    const loss = losses[sample]!;
    if (!Number.isFinite(loss)) return;
    const bin = width === 0 ? 0 : Math.min(bins - 1, Math.floor((loss - low) / width));
    counts[isClean ? 'clean' : 'polluted'][bin]!++;
  });
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i * width));
  return { edges, ...counts };
}

/** Mean split loss of each pool; null where one is empty. */
export function meanLosses(
  losses: ArrayLike<number>,
  pool: CleanPool,
): { cleanLoss: number | null; pollutedLoss: number | null } {
  const mean = (isClean: boolean): number | null => {
    const own = Array.from(losses).filter((_, sample) => pool[sample] === isClean);
    return own.length === 0 ? null : own.reduce((sum, loss) => sum + loss, 0) / own.length;
  };
  return { cleanLoss: mean(true), pollutedLoss: mean(false) };
}
