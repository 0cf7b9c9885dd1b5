import path from 'node:path';
import { STANDARD } from '../../src/data/augment';
import { defaultStageRatios, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { HANDLERS } from '../../src/engine/handlers';
import type { CleanseOptions } from '../../src/engine/jobs/cleanse';
import { DEFAULT_TRAINING, type CleansingOrder } from '../../src/protocol/cleansing';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';
import { quiet } from './jobs';
import { ROOT } from './paths';

/** The bundled model, and images for it. */
export const SAMPLE = path.join(ROOT, 'samples/badnets.onnx');
export const IMAGES = path.join(ROOT, 'samples/images');

/** What of a run a test sets. */
export interface Brief {
  readonly samples: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** The default ratios, with CLP at `clpU` first unless that is null. */
export function atDefaultRatios(clpU: number | null): CleanseOptions['choose'] {
  return (stages) => ({ ratios: ratiosByStage(stages, defaultStageRatios(stages)), clpU });
}

/** What `cleanseModel` takes for a run on the bundled images at the default ratios. */
export function cleanseOptions(
  output: string,
  { samples, epochs, batchSize }: Brief,
  changes: Partial<CleanseOptions> = {},
): CleanseOptions {
  return {
    data: IMAGES,
    output,
    force: false,
    resume: false,
    samples,
    choose: atDefaultRatios(null),
    monitor: null,
    settings: {
      epochs,
      batchSize,
      rate: 0.01,
      labels: 'soft',
      temperature: null,
      augmentation: STANDARD,
      restoreNorms: false,
      seed: 0,
    },
    preprocessing: {},
    onNote: () => undefined,
    engine: ONNXRUNTIME,
    run: { device: 'cpu', threads: 2 },
    ...changes,
  };
}

/** What the panel orders: CLP + BCU of the bundled model. */
export async function cleansingOrder(
  { samples, epochs, batchSize }: Brief,
  changes: Partial<CleansingOrder> = {},
): Promise<CleansingOrder> {
  const deaf = { send: () => undefined, pause: new AbortController().signal };
  const { presets } = await HANDLERS.describeCleansing({ path: SAMPLE }, quiet(), deaf);
  const { ratios, clpU } = presets.find(({ id }) => id === 'clp+bcu')!;
  return {
    path: SAMPLE,
    data: IMAGES,
    samples,
    ratios,
    preset: 'clp+bcu',
    clpU,
    training: { ...DEFAULT_TRAINING, epochs, batchSize },
    monitor: null,
    preprocessing: {},
    device: 'cpu',
    engine: ONNXRUNTIME,
    ...changes,
  };
}
