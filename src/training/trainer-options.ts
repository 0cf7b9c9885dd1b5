import type { TrainingDevice } from '../runtime/training-session';
import type { TrainingEngine } from './engine';
import type { BatchNormMode } from './forward/instantiate';
import type { Loss, LossTerm } from './losses';
import type { ImageBatch } from './norms/channel-statistics';
import type { Optimizer } from './optimizers';
import type { Clipping } from './program';
import type { Schedule } from './schedules';

/** Settings of the parameters that `match` names; the first group that matches counts. */
export interface ParameterGroup {
  readonly match: (parameter: string) => boolean;
  readonly frozen?: boolean;
  /** Factor on the learning rate. */
  readonly rate?: number;
  readonly weightDecay?: number;
}

export interface TrainerOptions {
  readonly loss: readonly LossTerm[];
  /** Losses that `forward` can give of every sample, by name. */
  readonly measures?: ReadonlyMap<string, Loss>;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Default: train. */
  readonly batchNorm?: BatchNormMode;
  readonly groups?: readonly ParameterGroup[];
  readonly clip?: Clipping;
  /** Elements held at zero: by parameter, 1 where trained and 0 where held, row-major. Takes effect at once. */
  readonly masks?: ReadonlyMap<string, Float32Array>;
  /**
   * Images as the model takes them, to put batch norms back behind convolutions whose exporter folded theirs away: each
   * starts from what its channels give on these images, so that the function is the same, trains as any other, and is
   * folded again on export. Absent: the graph trains as it is.
   */
  readonly restoreNorms?: () => AsyncIterable<ImageBatch>;
  /** Larger batches are computed in parts of this many samples, whose gradients are added up. Batch statistics are then those of a part. */
  readonly microBatch?: number;
  /** What computes the steps. Default: onnxruntime, with the settings below. */
  readonly engine?: TrainingEngine;
  /** Default: cpu. */
  readonly device?: TrainingDevice;
  /** Threads of the CPU provider. Default: 2. */
  readonly threads?: number;
  /** Prefix of the files that onnxruntime writes its profile to, when the trainer is released. */
  readonly profile?: string;
  /** Shape of an image (C × H × W). Default: what the model declares. */
  readonly image?: readonly number[];
}

export interface StepOptions {
  /** Scalars of the loss that differ from their defaults, such as a temperature. */
  readonly scalars?: Readonly<Record<string, number>>;
  /** Learning rate instead of the schedule's. */
  readonly rate?: number;
}

export interface StepResult {
  /** Before the update. */
  readonly loss: number;
  /** N × K, before the update. */
  readonly logits: Float32Array;
  /** Of all trained parameters together, before clipping. */
  readonly gradientNorm: number;
  readonly rate: number;
}

export interface ForwardOptions {
  /**
   * `frozen`: as the model is at inference. `train`: by the statistics of this batch, and the running ones follow, as a
   * forward pass of PyTorch does in training mode.
   */
  readonly batchNorm: BatchNormMode;
  /** One of `TrainerOptions.measures`, of every sample. */
  readonly measure?: string;
}

export interface ForwardResult {
  /** N × K */
  readonly logits: Float32Array;
  /** N losses; null where none were asked for. */
  readonly measured: Float32Array | null;
}

export interface Gradients {
  readonly loss: number;
  readonly logits: Float32Array;
  /** Of the shape of the images; null where it was not asked for. */
  readonly input: Float32Array | null;
  /** By parameter; empty where they were not asked for. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Running statistics as this batch would make them; empty where batch norms are frozen. */
  readonly statistics: ReadonlyMap<string, Float32Array>;
}

export interface BatchNormNames {
  readonly scale: string | null;
  readonly shift: string | null;
  readonly mean: string;
  readonly variance: string;
}
