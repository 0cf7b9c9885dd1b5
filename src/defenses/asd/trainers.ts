import type { OnnxFile } from '../../model/onnx/open';
import { adam } from '../../training/optimizers';
import { crossEntropy, symmetricCrossEntropy } from '../../training/losses';
import { constant } from '../../training/schedules';
import { Trainer } from '../../training/trainer';
import type { TrainerOptions } from '../../training/trainer-options';
import { SPLIT_LOSS } from './infer';
import { lateParameters } from './late-parameters';
import { MIXMATCH_LOSS, partSize } from './mixmatch';
import type { AsdSettings } from './settings';

/** Where and on what images trainers run. */
export type TrainerSetup = Pick<TrainerOptions, 'device' | 'threads' | 'engine' | 'image'>;

/** The trainer of the model itself: MixMatch by Adam. Its weights are those of the file until they are drawn. Throws as `Trainer.create`. */
export function mainTrainer(file: OnnxFile, settings: AsdSettings, setup: TrainerSetup): Promise<Trainer> {
  return Trainer.create(file.model, file.reader, {
    ...setup,
    loss: MIXMATCH_LOSS,
    measures: measuresOf(settings),
    optimizer: adam(),
    schedule: constant(settings.rate),
    microBatch: partSize(settings),
  });
}

/**
 * The trainer of the meta-split's virtual model: cross entropy by Adam, in the last two stages and the classifier only
 * (METHODS.md §3). Throws as `Trainer.create`.
 */
export function virtualTrainer(file: OnnxFile, settings: AsdSettings, setup: TrainerSetup): Promise<Trainer> {
  const late = lateParameters(file);
  return Trainer.create(file.model, file.reader, {
    ...setup,
    loss: [{ loss: crossEntropy() }],
    measures: measuresOf(settings),
    optimizer: adam(),
    schedule: constant(settings.metaRate),
    groups: [{ match: (parameter) => !late.has(parameter), frozen: true }],
  });
}

function measuresOf({ splitAlpha, splitBeta }: AsdSettings): NonNullable<TrainerOptions['measures']> {
  return new Map([[SPLIT_LOSS, symmetricCrossEntropy({ alpha: splitAlpha, beta: splitBeta })]]);
}
