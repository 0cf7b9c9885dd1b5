import { chooseDevice } from '../runtime/device';
import { otherDevices, type Device } from '../runtime/session';
import type { TrainingDevice } from '../runtime/training-session';
import type { Trainer } from './trainer';

export interface ChosenTrainer {
  readonly trainer: Trainer;
  readonly device: TrainingDevice;
  /** Which devices `auto` compared, what it took, and why not the others; what the device cannot do. Empty where there is nothing to say. */
  readonly notes: readonly string[];
}

/** Values of a trial batch: 64 images of 3 × 32 × 32. */
const TRIAL_VALUES = 64 * 3 * 32 * 32;

/**
 * A trainer on a device; with `auto`, on the fastest of those that run a whole step of `batch` images and give what the
 * CPU gives in a small one (see `chooseDevice`). `create` makes one on a device. Throws what `create` throws on the CPU,
 * or on the device that was asked for.
 */
export async function fastestTrainer(
  asked: Device,
  batch: number,
  create: (device: TrainingDevice) => Promise<Trainer>,
  others: () => Promise<Exclude<TrainingDevice, 'cpu'>[]> = otherDevices,
): Promise<ChosenTrainer> {
  if (asked !== 'auto') {
    const trainer = await create(asked);
    return { trainer, device: asked, notes: await trainer.stateNotes() };
  }
  const candidates = await others();
  const { session, device, warnings } = await chooseDevice(candidates, async (each) => {
    const trainer = await create(each);
    try {
      // A GPU may run out of memory where the trial fits; on the CPU the job's own rehearsal says what would fit.
      if (each !== 'cpu') await trainer.rehearse(batch);
    } catch (error) {
      await trainer.release();
      throw error;
    }
    const size = Math.max(2, Math.min(batch, Math.floor(TRIAL_VALUES / trainer.imageSize)));
    return { session: trainer, run: () => trainer.rehearse(size), release: () => trainer.release() };
  });
  if (candidates.length === 0) return { trainer: session, device, notes: [] };
  const what = `Training runs on ${device}: the fastest of cpu, ${candidates.join(', ')} that works, by trial steps.`;
  const why = [...warnings.map((each) => `For training, ${each}`), ...(await session.stateNotes())];
  return { trainer: session, device, notes: [what, ...why] };
}
