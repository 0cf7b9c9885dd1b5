import { EvaluationPlanSchema, type EvaluationPlan } from '../../protocol/evaluation-panel';
import { KeyedMemory, type Memento } from '../keyed-memory';

/** Keeps what each model was last evaluated on and how, by its path, across reloads of the window. */
export class PlanMemory extends KeyedMemory<EvaluationPlan> {
  constructor(memento: Memento, log: (line: string) => void) {
    super(memento, {
      key: 'scour.evaluations',
      schema: EvaluationPlanSchema,
      what: 'the settings of evaluations',
      log,
    });
  }
}
