import { DEFAULT_ATTACKS, type Attack, type AttackFile } from '../../protocol/attack';
import { SWEEP_US, type EvaluateParams, type SweepParams } from '../../protocol/evaluation';
import type { EvaluationPlan, FromEvaluationPanel, PlannedAttack } from '../../protocol/evaluation-panel';
import type { EditorSettings } from '../audit/memory';

/** Images of each attack shown as samples. */
const SAMPLES = 12;
/** Images that TAC is measured on. */
const TAC_IMAGES = 1000;
/** Clean images, and as many triggered ones, in each embedding. */
const EMBEDDING_IMAGES = 400;

export type AttackKind = Extract<FromEvaluationPanel, { kind: 'addAttack' }>['attack'];

/** The plan of a model that has not been evaluated before; what its audit says of images is taken over. */
export function initialPlan(audited: EditorSettings | undefined): EvaluationPlan {
  return {
    data: audited?.images ?? null,
    attacks: [],
    target: null,
    limit: null,
    device: 'auto',
    seed: 0,
    preprocessing: audited?.preprocessing ?? {},
    samples: true,
    tac: true,
    embedding: true,
  };
}

/** Why the plan cannot be run as it stands, for a person; null where it can. */
export function obstacle(plan: EvaluationPlan): string | null {
  if (plan.data === null) return 'Choose the images first.';
  if (plan.attacks.length > 0 && plan.target === null)
    return 'Choose the target class of the triggers first.';
  return null;
}

function common(plan: EvaluationPlan) {
  return {
    data: plan.data ?? '',
    attacks: plan.attacks.map(({ attack }) => attack),
    target: plan.attacks.length === 0 ? null : plan.target,
    seed: plan.seed,
    preprocessing: plan.preprocessing,
    device: plan.device,
    ...(plan.limit === null ? {} : { limit: plan.limit }),
  };
}

/** What the engine is asked to evaluate. */
export function evaluateParams(plan: EvaluationPlan, models: readonly string[]): EvaluateParams {
  return {
    ...common(plan),
    models: [...models],
    samples: plan.samples ? SAMPLES : 0,
    tacImages: plan.tac ? TAC_IMAGES : 0,
    embeddingImages: plan.embedding ? EMBEDDING_IMAGES : 0,
  };
}

/** What the engine is asked to sweep: u = 0, 0.5 … 10. */
export function sweepParams(plan: EvaluationPlan, path: string): SweepParams {
  return { ...common(plan), path, us: [...SWEEP_US] };
}

/** A plan that triggers are part of. */
export interface WithAttacks {
  attacks: PlannedAttack[];
}

/** Adds an attack under an id of its own. */
export function withAttack<P extends WithAttacks>(plan: P, attack: Attack): P {
  const id = 1 + Math.max(0, ...plan.attacks.map((planned) => planned.id));
  return { ...plan, attacks: [...plan.attacks, { id, attack }] };
}

/** Replaces the attack `id` by what `edit` makes of it. */
export function withEdited<P extends WithAttacks>(plan: P, id: number, edit: (attack: Attack) => Attack): P {
  const change = (planned: PlannedAttack) =>
    planned.id === id ? { id, attack: edit(planned.attack) } : planned;
  return { ...plan, attacks: plan.attacks.map(change) };
}

/** An attack of this kind as it is at first. `files` has been chosen for the kinds that are nothing without. */
export function newAttack(kind: AttackKind, files: Partial<Record<AttackFile, string>>): Attack | null {
  switch (kind) {
    case 'patch':
      return files.file === undefined
        ? null
        : { kind, file: files.file, x: 0, y: 0, width: null, height: null };
    case 'input-aware':
      return files.generator === undefined || files.mask === undefined
        ? null
        : { kind, generator: files.generator, mask: files.mask };
    case 'folder':
      return files.path === undefined ? null : { kind, path: files.path };
    default:
      return DEFAULT_ATTACKS[kind];
  }
}

/** The files that an attack of this kind is nothing without, in the order in which they are asked for. */
export function neededFiles(kind: AttackKind): readonly AttackFile[] {
  switch (kind) {
    case 'patch':
      return ['file'];
    case 'input-aware':
      return ['generator', 'mask'];
    case 'folder':
      return ['path'];
    default:
      return [];
  }
}

/**
 * What a panel made of an attack, with the files of the attack as it was: a panel may let go of a file that can be
 * done without, but names none. An attack of another kind changes nothing.
 */
export function withOwnFiles(before: Attack, edited: Attack): Attack {
  switch (edited.kind) {
    case 'badnets':
    case 'sig':
    case 'lc':
      return before.kind === edited.kind ? edited : before;
    case 'patch':
      return before.kind === edited.kind ? { ...edited, file: before.file } : before;
    case 'blended':
      return before.kind === edited.kind
        ? { ...edited, pattern: edited.pattern === null ? null : before.pattern }
        : before;
    case 'wanet':
      return before.kind === edited.kind
        ? { ...edited, points: edited.points === null ? null : before.points }
        : before;
    case 'input-aware':
    case 'folder':
      return before;
  }
}

/** The attack with a file chosen for one of its fields; unchanged where it has no such field. */
export function withFile(attack: Attack, field: AttackFile, file: string): Attack {
  if (!Object.hasOwn(attack, field)) return attack;
  return { ...attack, [field]: file };
}
