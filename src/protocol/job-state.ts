import * as v from 'valibot';
import { WireErrorSchema } from './rpc';

/** Where a job of a panel stands. */
export const jobState = <const T extends v.GenericSchema>(result: T) =>
  v.variant('state', [
    v.object({ state: v.literal('idle') }),
    v.object({
      state: v.literal('running'),
      message: v.string(),
      fraction: v.nullable(v.number()),
      secondsLeft: v.nullable(v.number()),
      stalled: v.boolean(),
    }),
    v.object({ state: v.literal('cancelled') }),
    v.object({ state: v.literal('failed'), error: WireErrorSchema }),
    v.object({ state: v.literal('done'), result }),
  ]);
