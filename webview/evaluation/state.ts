import type {
  DescriptionState,
  EvaluationExportState,
  EvaluationPlan,
  FromEvaluationPanel,
  RunState,
  SweepState,
  ToEvaluationPanel,
  TriggerState,
} from '../../src/protocol/evaluation-panel';
import type { DataDescription, EvaluationReport } from '../../src/protocol/evaluation';

export type Post = (message: FromEvaluationPanel) => void;

export interface ModelFile {
  readonly path: string;
  readonly name: string;
}

/** What the evaluation panel shows. Each message of the host replaces one part; the panel itself decides nothing. */
export interface EvaluationState {
  readonly models: readonly ModelFile[];
  readonly trusted: boolean;
  readonly plan: EvaluationPlan | null;
  /** Whether the report, or the sweep, answers what was asked before models or plan changed. */
  readonly outdated: { readonly run: boolean; readonly sweep: boolean };
  readonly description: DescriptionState;
  /** The attack that `trigger` shows. */
  readonly triggerId: number | null;
  readonly trigger: TriggerState;
  readonly run: RunState;
  readonly sweep: SweepState;
  readonly export: EvaluationExportState;
}

const IDLE = { state: 'idle' } as const;

/** Before the first message. */
export const INITIAL: EvaluationState = {
  models: [],
  trusted: true,
  plan: null,
  outdated: { run: false, sweep: false },
  description: IDLE,
  triggerId: null,
  trigger: IDLE,
  run: IDLE,
  sweep: IDLE,
  export: IDLE,
};

/** The state after a message. */
export function receive(state: EvaluationState, message: ToEvaluationPanel): EvaluationState {
  switch (message.kind) {
    case 'models':
      return { ...state, models: message.models, trusted: message.trusted };
    case 'plan':
      return { ...state, plan: message.plan, outdated: message.outdated };
    case 'description':
      return { ...state, description: message.description };
    case 'trigger':
      return { ...state, triggerId: message.id, trigger: message.trigger };
    case 'run':
      return { ...state, run: message.run };
    case 'sweep':
      return { ...state, sweep: message.sweep };
    case 'export':
      return { ...state, export: message.export };
  }
}

/** What is known of the images, or null. */
export function descriptionOf({ description }: EvaluationState): DataDescription | null {
  return description.state === 'done' ? description.result : null;
}

/** The finished report, or null. */
export function reportOf({ run }: EvaluationState): EvaluationReport | null {
  return run.state === 'done' ? run.result : null;
}

/** Why nothing can be measured at present, in a sentence; empty where it can. */
export function obstacle({ trusted, plan, description }: EvaluationState): string {
  if (plan === null) return 'Waiting for the extension.';
  if (!trusted) return 'Disabled: the workspace is not trusted.';
  if (plan.data === null) return 'Choose the images first.';
  if (description.state === 'failed') return 'The images cannot be used; see above.';
  if (plan.attacks.length > 0 && plan.target === null) return 'Choose the target class first.';
  return '';
}

/** One part of the page. */
export interface Part {
  readonly element: HTMLElement;
  /** Shows `state`; `before` is what was shown last, so that what did not change is left alone. */
  update(state: EvaluationState, before: EvaluationState | null): void;
}
