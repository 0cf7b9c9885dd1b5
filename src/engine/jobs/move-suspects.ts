import path from 'node:path';
import type { ParamsOf, ResultOf } from '../../protocol/engine';
import { OutputError } from '../../protocol/errors';
import type { Quarantine } from '../../protocol/quarantine';
import type { Moved } from '../../protocol/splitting';
import { describePlan, planQuarantine, quarantine, releaseQuarantine, suspectedIn } from './quarantine';

type Params = ParamsOf<'quarantine'>;

/** What moving the suspects of a results folder would do, for a person to agree to. Changes nothing; throws as `moveSuspects`. */
export async function planMove(params: Params): Promise<ResultOf<'planQuarantine'>> {
  const plan = await Promise.resolve().then(() => planOf(params));
  return { images: plan.files.length, description: describePlan(plan, params.folder) };
}

/**
 * Moves the suspected samples of a results folder out of their dataset. Throws what `planQuarantine` and `quarantine`
 * throw, and OutputError `nothing-to-do` where none is suspected.
 */
export async function moveSuspects(params: Params): Promise<Moved> {
  const plan = planOf(params);
  await quarantine(plan, params.folder);
  return { images: plan.files.length, folder: params.folder };
}

/** Puts everything back. Throws what `releaseQuarantine` throws. */
export async function releaseSuspects(folder: string): Promise<Moved> {
  const images = await Promise.resolve().then(() => releaseQuarantine(folder));
  return { images, folder };
}

function planOf({ output, data, folder }: Params): Quarantine {
  const names = suspectedIn(path.join(output, 'suspects.json'));
  if (names.length === 0)
    throw new OutputError('nothing-to-do', output, 'No image is suspected; there is nothing to move.');
  return planQuarantine(data, names, folder);
}
