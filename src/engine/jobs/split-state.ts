import * as v from 'valibot';
import type { Position } from '../../defenses/asd/run';
import { SplitEpochSchema } from '../../protocol/split';
import { TrainingError } from '../../training/errors';
import type { TrainingSnapshot } from '../../training/state';
import type { RunState } from './run-state';

const UnderWay = v.nullable(
  v.object({
    /** A bit a sample, 1 where clean, base64. */
    pool: v.string(),
    figures: SplitEpochSchema.entries.split,
    iteration: v.number(),
    lossSum: v.number(),
    seconds: v.number(),
  }),
);
const Saved = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ history: v.array(SplitEpochSchema), epoch: UnderWay }),
);

/** What a checkpoint holds beside the trainer's state, as `loadPosition` takes it. */
export function savedPosition({ history, epoch }: Position): Readonly<Record<string, string>> {
  const saved: v.InferOutput<typeof Saved> = {
    history: [...history],
    epoch:
      epoch === null
        ? null
        : {
            ...epoch,
            pool: packed(epoch.split.pool),
            figures: epoch.split.figures,
          },
  };
  return { position: JSON.stringify(saved) };
}

/**
 * Where an interrupted run of a set of `size` samples stood. Throws TrainingError `bad-checkpoint` where its state is
 * damaged or of another run, ModelError where it cannot be opened.
 */
export function loadPosition(
  state: RunState,
  run: string,
  size: number,
): { snapshot: TrainingSnapshot; position: Position } {
  const { snapshot, progress } = state.read(run);
  const saved = v.safeParse(Saved, progress['position']);
  const pool = saved.success && saved.output.epoch ? unpacked(saved.output.epoch.pool, size) : [];
  if (!saved.success || pool === null)
    throw new TrainingError(
      'bad-checkpoint',
      `${state.file} cannot be continued from: its progress is damaged.`,
    );
  const { history, epoch } = saved.output;
  if (epoch === null) return { snapshot, position: { history, epoch } };
  const { figures, iteration, lossSum, seconds } = epoch;
  return {
    snapshot,
    position: { history, epoch: { split: { pool, figures }, iteration, lossSum, seconds } },
  };
}

function packed(pool: readonly boolean[]): string {
  const bytes = Buffer.alloc(Math.ceil(pool.length / 8));
  pool.forEach((isClean, sample) => {
    if (isClean) bytes[sample >> 3]! |= 1 << (sample & 7);
  });
  return bytes.toString('base64');
}

function unpacked(text: string, size: number): boolean[] | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== Math.ceil(size / 8)) return null;
  return Array.from({ length: size }, (_, sample) => ((bytes[sample >> 3]! >> (sample & 7)) & 1) === 1);
}
