import type { Phase } from '../../defenses/asd/run';
import { poolGrowth, stageOf, totalEpochs, type AsdSettings } from '../../defenses/asd/settings';

/** Cost of a training step per image, in forward passes: forward, and a backward pass of twice its work. */
const STEP = 3;

/** How much of a run is done, measured in forward passes of one image. */
export class Workload {
  private readonly settings: AsdSettings;
  private readonly images: number;
  private readonly measured: number;
  private readonly total: number;

  /** `images`: of the training set; `measured`: those that each epoch's model is measured on. */
  constructor(settings: AsdSettings, images: number, measured: number) {
    this.settings = settings;
    this.images = images;
    this.measured = measured;
    this.total = this.before(totalEpochs(settings)) + this.ranking;
  }

  /** Share of the run done, 0 … 1, when `share` of a phase of an epoch (from 0) is. */
  at(epoch: number, phase: Phase, share: number): number {
    const phases = this.phases(epoch);
    const order = Object.keys(phases) as Phase[];
    const earlier = order.slice(0, order.indexOf(phase)).reduce((sum, each) => sum + phases[each], 0);
    return (this.before(epoch) + earlier + share * phases[phase]) / this.total;
  }

  /** The same while the samples are ranked, when `share` of that is done. */
  ranked(share: number): number {
    return (this.total - this.ranking * (1 - share)) / this.total;
  }

  private get ranking(): number {
    return this.images * (2 + STEP);
  }

  private before(epoch: number): number {
    let sum = 0;
    for (let each = 0; each < epoch; each++)
      sum += Object.values(this.phases(each)).reduce((a, b) => a + b, 0);
    return sum;
  }

  private phases(epoch: number): Record<Phase, number> {
    const { settings, images, measured } = this;
    const { labelledBatch, unlabelledBatch, views, iterations } = settings;
    const stage = stageOf(epoch, settings);
    const passes =
      stage === 'meta-split' ? 2 : stage === 'class-aware' && poolGrowth(epoch, settings) === 0 ? 0 : 1;
    const guessed = views * unlabelledBatch;
    return {
      split: passes * images,
      virtual: stage === 'meta-split' ? STEP * images : 0,
      train: iterations * (STEP * (labelledBatch + guessed) + guessed),
      measure: measured,
    };
  }
}
