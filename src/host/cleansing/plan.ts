import { DEFAULT_TRAINING, type CleansingDescription, type CleansingOrder } from '../../protocol/cleansing';
import type { CleansingPlan } from '../../protocol/cleansing-panel';
import type { EvaluationPlan } from '../../protocol/evaluation-panel';
import type { TrainingEngineChoice } from '../../protocol/training-engine';
import type { EditorSettings } from '../audit/memory';

/** Labelled images that a student is watched on unless the user says otherwise. */
const MONITOR_LIMIT = 1000;

/** The plan of a model that has not been cleansed before; what its audit and its evaluation say of images is taken over. */
export function initialPlan(
  audited: EditorSettings | undefined,
  evaluated: EvaluationPlan | undefined,
): CleansingPlan {
  return {
    ratios: null,
    preset: null,
    clpU: null,
    data: audited?.images ?? null,
    training: DEFAULT_TRAINING,
    samples: null,
    preprocessing: evaluated?.preprocessing ?? audited?.preprocessing ?? {},
    device: 'auto',
    monitorData: null,
    attacks: evaluated?.attacks ?? [],
    target: evaluated?.target ?? null,
    monitorLimit: MONITOR_LIMIT,
  };
}

/** The plan with ratios that fit the model: its own, or the first preset's. */
export function withFittingRatios(plan: CleansingPlan, description: CleansingDescription): CleansingPlan {
  const layers = description.stages.reduce((sum, stage) => sum + stage.layers.length, 0);
  if (plan.ratios?.length === layers) return plan;
  const [preset] = description.presets;
  if (preset === undefined) return plan;
  return { ...plan, ratios: preset.ratios, preset: preset.id, clpU: preset.clpU };
}

/** Why the plan cannot be run as it stands, for a person; null where it can. */
export function obstacle(plan: CleansingPlan): string | null {
  if (plan.ratios === null) return 'The layers of the model are not known yet.';
  if (plan.data === null) return 'Choose the unlabeled images first.';
  if (plan.ratios.every((ratio) => ratio === 0) && plan.clpU === null)
    return 'Nothing is re-drawn and nothing is pruned: the student would stay what its teacher is.';
  if (plan.monitorData !== null && plan.attacks.length > 0 && plan.target === null)
    return 'Choose the target class of the watched triggers first.';
  return null;
}

/** What the engine is asked to run. The plan has no obstacle. `engine` is the user's setting. */
export function orderOf(plan: CleansingPlan, path: string, engine: TrainingEngineChoice): CleansingOrder {
  const { data, samples, ratios, preset, clpU, training, preprocessing, device } = plan;
  const { monitorData, attacks, target, monitorLimit } = plan;
  return {
    path,
    data: data ?? '',
    samples,
    ratios: ratios ?? [],
    preset,
    clpU,
    training,
    monitor:
      monitorData === null
        ? null
        : {
            data: monitorData,
            attacks: attacks.map(({ attack }) => attack),
            target: attacks.length === 0 ? null : target,
            limit: monitorLimit,
          },
    preprocessing,
    device,
    engine,
  };
}

/** The plan with what a run was made of: ratios, settings and images. */
export function planOfRun(plan: CleansingPlan, order: CleansingOrder): CleansingPlan {
  const { data, samples, ratios, preset, clpU, training, preprocessing, device } = order;
  return { ...plan, data, samples, ratios, preset, clpU, training, preprocessing, device };
}
