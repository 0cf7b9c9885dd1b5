import type { SplitSettings } from './split';

/** METHODS.md §3: the published setting. */
export const PAPER: SplitSettings = {
  epochs: { 'class-aware': 60, 'class-agnostic': 30, 'meta-split': 30 },
  iterations: 1024,
  labelledBatch: 64,
  unlabelledBatch: 64,
  views: 2,
  rate: 0.002,
  decay: 'constant',
  growth: 10,
  growEvery: 5,
  cleanShare: 0.5,
  metaShare: 0.5,
  temperature: 0.5,
  alpha: 0.75,
  lambdaU: 15,
  metaRate: 0.015,
  metaBatch: 128,
  splitAlpha: 0.1,
  splitBeta: 1,
  splitOn: 'augmented',
  augmentation: { pad: 4, border: 'reflect', flip: true },
  seed: 0,
};

/**
 * For some ten thousand small images and a narrow net on two cores: the same stages in fewer, shorter epochs. A model
 * that is still weak fills a pool of low losses with images it already gets right, and learns nothing from them; the
 * meta-split, which tells poison from hard images, therefore comes early, lasts longest and trusts more of the set. The
 * virtual model takes small batches, to come to as many steps as on the paper's 50,000 images.
 */
export const SHORT: SplitSettings = {
  ...PAPER,
  epochs: { 'class-aware': 2, 'class-agnostic': 1, 'meta-split': 17 },
  iterations: 150,
  decay: 'cosine',
  growth: 30,
  growEvery: 1,
  metaShare: 0.8,
  metaBatch: 32,
};

export const SCHEDULES = { paper: PAPER, short: SHORT } as const;
export type ScheduleName = keyof typeof SCHEDULES;

/** Known-clean images that the paper has of every class. */
export const SEEDS_PER_CLASS = 10;
