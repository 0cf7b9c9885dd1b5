import type { SeedQuery } from '../../src/protocol/seed-picking';
import type { FoundSplit } from '../../src/protocol/splitting';
import type {
  FromSplittingPanel,
  MoveState,
  SeedPageState,
  SetState,
  SplitImagesState,
  SplitJobState,
  SplittingPlan,
  SuspectPageState,
  ToSplittingPanel,
} from '../../src/protocol/splitting-panel';
import type { SplitEpoch, SplitReport } from '../../src/protocol/split';

export type Post = (message: FromSplittingPanel) => void;

/** One part of the page. */
export interface Part {
  readonly element: HTMLElement;
  /** Shows `state`; `before` is what was shown last, so that what did not change is left alone. */
  update(state: SplittingState, before: SplittingState | null): void;
}

/** What the splitting panel shows. Each message of the host replaces one part. */
export interface SplittingState {
  readonly path: string | null;
  readonly trusted: boolean;
  readonly plan: SplittingPlan | null;
  /** Why the plan cannot be run, as the host sees it; null where it can. */
  readonly obstacle: string | null;
  /** What the dataset holds. */
  readonly set: SetState;
  /** How its images become the architecture's input. */
  readonly images: SplitImagesState;
  readonly seeds: { readonly page: SeedPageState; readonly query: SeedQuery };
  readonly found: FoundSplit | null;
  readonly job: { readonly state: SplitJobState; readonly pausable: boolean; readonly pausing: boolean };
  readonly history: readonly SplitEpoch[];
  readonly notes: readonly string[];
  readonly page: {
    readonly state: SuspectPageState;
    readonly which: 'suspected' | 'all';
    readonly label: string | null;
  };
  readonly move: { readonly state: MoveState; readonly back: boolean };
}

const IDLE = { state: 'idle' } as const;

/** Before the first message. */
export const INITIAL: SplittingState = {
  path: null,
  trusted: true,
  plan: null,
  obstacle: null,
  set: IDLE,
  images: IDLE,
  seeds: { page: IDLE, query: { label: 0, order: 'random', shuffle: 1, from: 0 } },
  found: null,
  job: { state: IDLE, pausable: false, pausing: false },
  history: [],
  notes: [],
  page: { state: IDLE, which: 'suspected', label: null },
  move: { state: IDLE, back: false },
};

/** The state after a message. */
export function receive(state: SplittingState, message: ToSplittingPanel): SplittingState {
  switch (message.kind) {
    case 'dataset':
      return { ...state, path: message.path, trusted: message.trusted };
    case 'plan':
      return { ...state, plan: message.plan, obstacle: message.obstacle };
    case 'set':
      return { ...state, set: message.set };
    case 'seedPage':
      return { ...state, seeds: { page: message.page, query: message.query } };
    case 'images':
      return { ...state, images: message.images };
    case 'found':
      return { ...state, found: message.found };
    case 'job': {
      const { job, pausable, pausing } = message;
      return { ...state, job: { state: job, pausable, pausing } };
    }
    case 'history':
      return { ...state, history: message.history, notes: message.notes };
    case 'page':
      return { ...state, page: { state: message.page, which: message.which, label: message.label } };
    case 'move':
      return { ...state, move: { state: message.move, back: message.back } };
  }
}

/** The report of the results at the output folder; null while there are none, or a run goes on. */
export function reportOf({ job, found }: SplittingState): SplitReport | null {
  return job.state.state === 'running' ? null : (found?.report ?? null);
}

/** Why no run can be started, in a sentence; empty where one can. */
export function obstacleOf(state: SplittingState): string {
  if (state.plan === null) return 'Waiting for the extension.';
  if (!state.trusted) return 'Disabled: the workspace is not trusted.';
  if (state.job.state.state === 'running') return 'A run goes on.';
  if (state.set.state === 'failed') return 'The dataset cannot be split; see above.';
  if (state.images.state === 'failed') return 'The images do not fit the architecture; see above.';
  return state.obstacle ?? '';
}
