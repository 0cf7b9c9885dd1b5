import { SplittingPlanSchema, type SplittingPlan } from '../../protocol/splitting-panel';
import { KeyedMemory, type Memento } from '../keyed-memory';

/** Keeps how each dataset was last to be split, by its path, across reloads of the window. */
export class SplittingMemory extends KeyedMemory<SplittingPlan> {
  constructor(memento: Memento, log: (line: string) => void) {
    super(memento, {
      key: 'scour.splittings',
      schema: SplittingPlanSchema,
      what: 'the settings of splitting',
      log,
    });
  }
}
