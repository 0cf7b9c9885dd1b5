import { attackNames, describeAttack } from '../../attacks/describe';
import { createTrigger, type SyntheticAttack } from '../../attacks/create';
import type { Trigger } from '../../attacks/trigger';
import { sampleEvenly, type Dataset, type Sample } from '../../data/dataset';
import type { PixelLoader } from '../../data/loading/kept-batches';
import { loadPixels } from '../../data/loading/load-batches';
import { openDataset } from '../../data/open-dataset';
import { isCounted } from '../../evaluation/measure';
import { Skips, UNREADABLE_LIMIT } from '../../evaluation/skips';
import { ambiguousTarget, resolveTarget } from '../../evaluation/target';
import { triggeredRoot, triggeredSamples } from '../../evaluation/triggered-set';
import type { Attack } from '../../protocol/attack';
import { DataError, UsageError } from '../../protocol/errors';
import type { Target } from '../../protocol/target';
import type { EvaluateParams, EvaluationReport } from '../../protocol/evaluation';
import type { Preprocessing } from '../../protocol/preprocessing';
import { count, listShort, visible } from '../../protocol/wording';
import type { SessionOptions } from '../../runtime/session';

/** What evaluation and sweep are asked alike. */
export type Asked = Pick<
  EvaluateParams,
  'data' | 'attacks' | 'target' | 'limit' | 'unreadableLimit' | 'seed' | 'device' | 'threads'
>;

/** Triggered images that an attack brings itself. */
export interface TriggeredFolder {
  readonly root: string;
  readonly samples: readonly Sample[];
}

/** The images that models are to be measured on, checked before any model runs. */
export interface Setup {
  readonly dataset: Dataset;
  /** The clean images that are used, in order. */
  readonly samples: readonly Sample[];
  readonly target: Target | null;
  readonly attacks: readonly NamedAttack[];
  readonly skips: Skips;
  /** Where pixels come from. Default: decoded in every pass; jobs that make many passes keep them. */
  readonly load: PixelLoader;
  readonly seed: number;
  readonly run: SessionOptions;
  readonly warnings: readonly string[];
}

export interface NamedAttack {
  readonly name: string;
  readonly attack: Attack;
  /** Null for attacks that are put on the clean images. */
  readonly folder: TriggeredFolder | null;
}

/**
 * Opens the data and checks that what is asked can be measured on it. Rejects with DataError, or UsageError where a trigger is
 * asked for without a target or without labels.
 */
export async function setUp(asked: Asked): Promise<Setup> {
  const dataset = await openDataset(asked.data);
  const seed = asked.seed ?? 0;
  const samples = sampleEvenly(dataset.samples, asked.limit ?? Infinity, seed);
  const warnings = [...emptyClassWarnings(dataset), ...orderWarnings(dataset)];
  const target = targetOf(asked, dataset, samples);
  if (asked.target !== null && dataset.classes !== null) {
    const ambiguity = ambiguousTarget(asked.target, dataset.classes);
    if (ambiguity !== null) warnings.push(ambiguity);
  }
  const names = attackNames(asked.attacks);
  const attacks: NamedAttack[] = [];
  for (const [i, attack] of asked.attacks.entries()) {
    const name = names[i]!;
    if (attack.kind !== 'folder') {
      attacks.push({ name, attack, folder: null });
      continue;
    }
    const root = triggeredRoot(attack.path);
    const set = triggeredSamples(await openDataset(root), dataset.classes!, target!);
    warnings.push(...set.warnings);
    attacks.push({ name, attack, folder: { root, samples: set.samples } });
  }
  return {
    dataset,
    samples,
    target,
    attacks,
    skips: new Skips(asked.unreadableLimit ?? UNREADABLE_LIMIT),
    load: loadPixels,
    seed,
    run: { device: asked.device ?? 'auto', threads: asked.threads ?? 0 },
    warnings,
  };
}

function targetOf(asked: Asked, dataset: Dataset, samples: readonly Sample[]): Target | null {
  const { classes, root } = dataset;
  if (asked.attacks.length === 0) {
    return asked.target === null || classes === null ? null : resolveTarget(asked.target, classes);
  }
  if (classes === null) {
    throw new UsageError(
      'bad-value',
      `${root} has no labels, and ASR and RA need the true class of every image. Give images in one folder a class.`,
    );
  }
  if (asked.target === null) {
    throw new UsageError(
      'missing-argument',
      'A trigger is measured against its target class: give --target (a class number or a name; all for all-to-all).',
    );
  }
  const target = resolveTarget(asked.target, classes);
  const isPutOn = asked.attacks.some(({ kind }) => kind !== 'folder');
  if (isPutOn && !samples.some((sample) => isCounted(sample, target, classes.length))) {
    throw new DataError(
      'no-images',
      root,
      `All ${samples.length} images of ${root} are of the target class '${visible(classes[Number(target)] ?? '', 60)}'; ASR counts the others.`,
    );
  }
  return target;
}

function emptyClassWarnings({ classes, samples }: Dataset): string[] {
  if (classes === null) return [];
  const seen = new Set(samples.map(({ label }) => label));
  const empty = classes.filter((_, label) => !seen.has(label)).map((name) => visible(name, 40));
  return empty.length === 0
    ? []
    : [`${count(empty.length, 'class', 'classes')} without an image: ${listShort(empty)}.`];
}

/** Folders named by numbers, of which `10` sorts before `2`: what is class 10 to whoever named them is class 2 here. */
function orderWarnings({ classes }: Dataset): string[] {
  if (!classes?.every((name) => /^\d+$/.test(name))) return [];
  const moved = classes.findIndex((name, label) => Number(name) < Number(classes[label - 1] ?? -1));
  if (moved < 0) return [];
  const before = classes[moved - 1]!;
  return [
    `Classes are numbered by the sorted names of their folders, so folder '${visible(before, 40)}' is class ${moved - 1}; rename the folders with leading zeros if the model was trained on their numbers.`,
  ];
}

/** The triggers of the attacks that are put on clean images. The caller releases them. */
export async function createTriggers(
  { attacks, run }: Setup,
  preprocessing: Preprocessing,
): Promise<ReadonlyMap<string, Trigger>> {
  const triggers = new Map<string, Trigger>();
  try {
    for (const { name, attack } of attacks) {
      if (isSynthetic(attack)) triggers.set(name, await createTrigger(attack, preprocessing, run));
    }
  } catch (error) {
    await releaseTriggers(triggers);
    throw error;
  }
  return triggers;
}

export async function releaseTriggers(triggers: ReadonlyMap<string, Trigger>): Promise<void> {
  for (const trigger of triggers.values()) await trigger.release();
}

function isSynthetic(attack: Attack): attack is SyntheticAttack {
  return attack.kind !== 'folder';
}

/** The attacks as reports list them. */
export function reportedAttacks({ attacks }: Setup): EvaluationReport['attacks'] {
  return attacks.map(({ name, attack }) => ({ name, description: describeAttack(attack), attack }));
}

/** Everything of the data that was not used, and why. */
export function skippedOf({ dataset, skips }: Setup): EvaluationReport['skipped'] {
  return [...dataset.skipped, ...skips.list].map(({ path, reason }) => ({ path, reason }));
}
