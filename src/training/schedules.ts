/** The learning rate of a step; steps count from 0. */
export type Schedule = (step: number) => number;

export function constant(rate: number): Schedule {
  return () => rate;
}

/** η/2·(1 + cos(π·step/total)), as PyTorch's CosineAnnealingLR down to `floor`; stays there afterwards (Loshchilov & Hutter 2017, eq. 5). */
export function cosine(rate: number, total: number, floor = 0): Schedule {
  return (step) => floor + ((rate - floor) * (1 + Math.cos((Math.PI * Math.min(step, total)) / total))) / 2;
}

/** The rate times `factor` for every milestone reached. */
export function multiStep(rate: number, milestones: readonly number[], factor = 0.1): Schedule {
  return (step) => rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/**
 * One cycle as PyTorch's OneCycleLR with cosine annealing: from peak/25 up to `peak` over the first 30 % of the steps, then
 * down to peak/250000 (Smith & Topin 2018).
 */
export function oneCycle(
  peak: number,
  total: number,
  options: { rise?: number; startFactor?: number; endFactor?: number } = {},
): Schedule {
  const { rise = 0.3, startFactor = 1 / 25, endFactor = 1 / 250_000 } = options;
  const top = rise * total - 1;
  const last = total - 1;
  const between = (from: number, to: number, part: number): number =>
    to + ((from - to) * (1 + Math.cos(Math.PI * part))) / 2;
  return (step) => {
    const at = Math.min(step, last);
    return at <= top
      ? between(peak * startFactor, peak, at / top)
      : between(peak, peak * endFactor, (at - top) / (last - top));
  };
}

/** A schedule that moves once an epoch: every step of an epoch has the rate of its number. */
export function perEpoch(schedule: Schedule, stepsPerEpoch: number): Schedule {
  return (step) => schedule(Math.floor(step / stepsPerEpoch));
}
