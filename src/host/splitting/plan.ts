import { PAPER, SEEDS_PER_CLASS } from '../../protocol/split-schedules';
import type { SplitOrder } from '../../protocol/splitting';
import type { SplittingPlan } from '../../protocol/splitting-panel';
import { digestOf } from './picks';

/** The plan of a dataset that has not been split before; results go to a folder beside it. */
export function initialPlan(dataset: string): SplittingPlan {
  return { ...INITIAL_PLAN, output: `${dataset}.asd` };
}

/** What no dataset decides. */
export const INITIAL_PLAN: SplittingPlan = {
  architecture: null,
  seeds: null,
  seedsPerClass: SEEDS_PER_CLASS,
  output: null,
  test: null,
  triggered: null,
  target: null,
  settings: PAPER,
  preprocessing: {},
  device: 'auto',
  quarantine: null,
  picks: [],
  saved: null,
};

const UNSAVED = 'Save the list of picked seeds first.';

/** Why the plan cannot be run as it stands, for a person; null where it can. */
export function obstacle(plan: SplittingPlan): string | null {
  if (plan.architecture === null) return 'Choose the architecture first.';
  if (plan.seeds === null)
    return plan.picks.length === 0 ? 'Choose or pick the known-clean seeds first.' : UNSAVED;
  if (plan.seeds === plan.saved?.file && plan.saved.digest !== digestOf(plan.picks)) return UNSAVED;
  if (plan.output === null) return 'Choose the output folder first.';
  if (Object.values(plan.settings.epochs).every((epochs) => epochs === 0)) return 'There is no epoch to run.';
  if (plan.triggered !== null && plan.test === null)
    return 'Triggered images need clean test images beside them.';
  if (plan.triggered !== null && plan.target === null)
    return 'Choose the target class of the triggered images first.';
  return null;
}

/** What the engine is asked to run. The plan has no obstacle. */
export function orderOf(plan: SplittingPlan, data: string): SplitOrder {
  const { architecture, seeds, output, test, triggered, target, ...rest } = plan;
  const { seedsPerClass, settings, preprocessing, device } = rest;
  return {
    data,
    architecture: architecture ?? '',
    seeds: seeds ?? '',
    output: output ?? '',
    seedsPerClass,
    settings,
    preprocessing,
    device,
    monitor:
      test === null
        ? null
        : { test, triggered: triggered === null ? null : { folder: triggered, target: target ?? 0 } },
  };
}
