import { PausedError } from '../../protocol/errors';
import type { SplitEvent, SplitOutcome, SplitParams } from '../../protocol/splitting';
import type { JobContext } from '../job-context';
import type { Live } from '../server';
import { splitDataset } from './split';

/**
 * Splits a dataset for a panel, which hears of every epoch. A pause keeps the state and answers `paused`. Throws what
 * `splitDataset` throws; a run that was cancelled can be resumed from the state that was last kept.
 */
export async function runSplit(
  { order, start }: SplitParams,
  context: JobContext,
  { send, pause }: Live<SplitEvent>,
): Promise<SplitOutcome> {
  const { device, ...options } = order;
  try {
    const report = await splitDataset(
      {
        ...options,
        resume: start === 'resume',
        force: start === 'replace',
        run: { device, threads: 0 },
        pause,
        onStart: (history) => send({ kind: 'started', history: [...history] }),
        onEpoch: (epoch) => send({ kind: 'epoch', epoch }),
        onNote: (note) => send({ kind: 'note', note }),
      },
      context,
    );
    return { status: 'complete', report };
  } catch (error) {
    if (error instanceof PausedError) return { status: 'paused' };
    throw error;
  }
}
