import { CleansingPlanSchema, type CleansingPlan } from '../../protocol/cleansing-panel';
import { KeyedMemory, type Memento } from '../keyed-memory';

/** Keeps how each model was last to be cleansed, by its path, across reloads of the window. */
export class CleansingMemory extends KeyedMemory<CleansingPlan> {
  constructor(memento: Memento, log: (line: string) => void) {
    super(memento, {
      key: 'scour.cleansings',
      schema: CleansingPlanSchema,
      what: 'the settings of cleansing',
      log,
    });
  }
}
