import type { PixelPool } from '../../data/pixel-pool';
import { MOMENTUM, WEIGHT_DECAY } from '../../defenses/bcu/distil';
import { redrawnShare } from '../../defenses/bcu/ratios';
import type { CleanseEpoch, CleanseReport } from '../../protocol/cleanse';
import { VERSION } from '../../protocol/version';
import { count } from '../../protocol/wording';
import type { CleanseOptions } from './cleanse';
import type { TrainingJob } from './cleanse-training';

/** The paper's smallest set; below it nobody has measured. */
const FEW = 500;

/** What the run was made of, for the report. */
export function described(
  job: TrainingJob,
): Pick<CleanseReport, 'settings' | 'stages' | 'redrawn' | 'clp' | 'data' | 'preprocessing' | 'devices'> {
  const { options, stages, choice, pool, preprocessing, classifier, student } = job;
  return {
    settings: settingsOf(options),
    stages: stages.map(({ name, layers }) => ({
      name,
      layers: layers.map((layer) => ({
        name: layer.name,
        kind: layer.kind,
        weights: layer.elements,
        ratio: choice.ratios.get(layer.name) ?? 0,
      })),
    })),
    redrawn: redrawnShare(stages, choice.ratios),
    clp: clpOf(job),
    data: {
      folder: options.data,
      images: pool.size,
      distinct: pool.distinct,
      sha256: pool.sha256,
      skipped: pool.skipped.map(({ path, reason }) => ({ path, reason })),
    },
    preprocessing,
    devices: { teacher: classifier.device, student: student.device },
  };
}

/** What is written into the student. Nothing that differs between two runs of the same settings: they give the same bytes. */
export function provenanceOf(job: TrainingJob, history: readonly CleanseEpoch[]): string {
  const { inputSha256, options, choice, student, pool, preprocessing } = job;
  return JSON.stringify({
    tool: `Scour ${VERSION}`,
    method: 'BCU',
    input: inputSha256,
    settings: settingsOf(options),
    ratios: Object.fromEntries(choice.ratios),
    clp: choice.clpU === null ? null : { u: choice.clpU, layers: student.pruned },
    data: { images: pool.size, sha256: pool.sha256 },
    preprocessing,
    history: history.map(({ epoch, loss, agreement }) => ({ epoch, loss, agreement })),
  });
}

/** What a user must know of the images. */
export function dataNotes(pool: PixelPool): string[] {
  const notes: string[] = [];
  if (pool.size < FEW)
    notes.push(
      `Only ${count(pool.size, 'image')}: the paper studied ${FEW} to 5000. Expect to lose accuracy with fewer.`,
    );
  if (pool.distinct < pool.size / 2)
    notes.push(`Only ${pool.distinct} of the ${pool.size} images differ from each other.`);
  if (pool.skipped.length > 0)
    notes.push(`${count(pool.skipped.length, 'image')} could not be read and were left out.`);
  return notes;
}

function clpOf({ choice, student: { pruned } }: TrainingJob): CleanseReport['clp'] {
  if (choice.clpU === null) return null;
  const channels = pruned.reduce((sum, layer) => sum + layer.channels.length, 0);
  return { u: choice.clpU, layers: [...pruned], channels };
}

function settingsOf({ settings }: CleanseOptions): CleanseReport['settings'] {
  return {
    ...settings,
    momentum: MOMENTUM,
    weightDecay: WEIGHT_DECAY,
    augmentation: { ...settings.augmentation },
  };
}
