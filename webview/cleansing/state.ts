import type {
  CleansingDataState,
  CleansingDescriptionState,
  CleansingPlan,
  FromCleansingPanel,
  RunJobState,
  StudentExportState,
  StudentPreviewState,
  ToCleansingPanel,
} from '../../src/protocol/cleansing-panel';
import type {
  CleansingDescription,
  CleansingRun,
  StepPoint,
  StudentPreview,
} from '../../src/protocol/cleansing';
import type { Draft } from './draft';
import type { History } from './history';

export type Post = (message: FromCleansingPanel) => void;

/** What the cleansing panel shows. Each message of the host replaces one part. */
export interface CleansingState {
  readonly model: { readonly path: string; readonly name: string } | null;
  readonly trusted: boolean;
  readonly plan: CleansingPlan | null;
  /** Why the plan cannot be run, as the host sees it; null where it can. */
  readonly obstacle: string | null;
  readonly description: CleansingDescriptionState;
  /** What is to train, and the packages of TensorFlow.js; null until the host knows them. */
  readonly engine: Omit<Extract<ToCleansingPanel, { kind: 'engine' }>, 'kind'> | null;
  readonly images: Readonly<Record<'data' | 'monitor', CleansingDataState>>;
  readonly preview: StudentPreviewState;
  /** The latest first. */
  readonly previews: readonly StudentPreview[];
  /** The latest first. */
  readonly runs: readonly CleansingRun[];
  readonly damaged: readonly { readonly id: string; readonly reason: string }[];
  readonly job: {
    readonly id: string | null;
    readonly state: RunJobState;
    readonly pausing: boolean;
  };
  /** Steps of one run; null before any came. */
  readonly steps: { readonly id: string; readonly points: readonly StepPoint[] } | null;
  readonly export: { readonly id: string | null; readonly state: StudentExportState };
  /** The ratios as they are being edited; null until the host knows the model's layers. */
  readonly history: History<Draft> | null;
}

const IDLE = { state: 'idle' } as const;

/** Before the first message. */
export const INITIAL: CleansingState = {
  model: null,
  trusted: true,
  plan: null,
  obstacle: null,
  description: IDLE,
  engine: null,
  images: { data: IDLE, monitor: IDLE },
  preview: IDLE,
  previews: [],
  runs: [],
  damaged: [],
  job: { id: null, state: IDLE, pausing: false },
  steps: null,
  export: { id: null, state: IDLE },
  history: null,
};

/** The state after a message. The history is the panel's own: `main.ts` decides what a plan means for it. */
export function receive(state: CleansingState, message: ToCleansingPanel): CleansingState {
  switch (message.kind) {
    case 'model':
      return {
        ...state,
        model: { path: message.path, name: message.name },
        trusted: message.trusted,
      };
    case 'plan':
      return { ...state, plan: message.plan, obstacle: message.obstacle };
    case 'description':
      return { ...state, description: message.description };
    case 'engine':
      return { ...state, engine: { chosen: message.chosen, packages: message.packages } };
    case 'images':
      return { ...state, images: { ...state.images, [message.set]: message.images } };
    case 'preview':
      return { ...state, preview: message.preview, previews: message.previews };
    case 'runs':
      return { ...state, runs: message.runs, damaged: message.damaged };
    case 'run':
      return { ...state, runs: withRun(state.runs, message.run) };
    case 'job':
      return { ...state, job: { id: message.id, state: message.job, pausing: message.pausing } };
    case 'steps':
      return { ...state, steps: { id: message.id, points: message.steps } };
    case 'step': {
      const known = state.steps?.id === message.id ? state.steps.points : [];
      // After a resume, steps since the last checkpoint are done again: the new ones replace them.
      const kept = known.filter(({ step }) => step < message.step.step);
      return { ...state, steps: { id: message.id, points: [...kept, message.step] } };
    }
    case 'export':
      return { ...state, export: { id: message.id, state: message.export } };
  }
}

function withRun(runs: readonly CleansingRun[], run: CleansingRun): readonly CleansingRun[] {
  return runs.some(({ id }) => id === run.id)
    ? runs.map((each) => (each.id === run.id ? run : each))
    : [run, ...runs];
}

/** Stages, layers and presets of the model, or null. */
export function descriptionOf({ description }: CleansingState): CleansingDescription | null {
  return description.state === 'done' ? description.result : null;
}

/** The run that goes on, or null. */
export function runningOf({ job, runs }: CleansingState): CleansingRun | null {
  return job.state.state === 'running' ? (runs.find(({ id }) => id === job.id) ?? null) : null;
}

/** Why no job that runs the model can be started, in a sentence; empty where one can. */
export function obstacle(state: CleansingState): string {
  if (state.plan === null) return 'Waiting for the extension.';
  if (!state.trusted) return 'Disabled: the workspace is not trusted.';
  if (state.description.state === 'failed') return 'The model cannot be cleansed; see above.';
  if (state.history === null) return 'Waiting for the layers of the model.';
  if (state.plan.data === null) return 'Choose the unlabeled images first.';
  if (state.images.data.state === 'failed') return 'The images cannot be used; see above.';
  return state.obstacle ?? '';
}
