import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Random } from '../../src/data/random';
import { encodePng } from '../../src/data/encoding/png';
import type { AsdSettings } from '../../src/defenses/asd/settings';
import type { SplitOptions } from '../../src/engine/jobs/split-options';
import { encodeModel } from '../../src/model/onnx/encode';
import { PAPER } from '../../src/protocol/split-schedules';
import { smallNet } from './small-net';

/** Classes of the toy set; the first is the target of its poison. */
export const CLASSES = ['blue', 'green', 'red', 'white'] as const;
const COLOURS = [
  [40, 40, 200],
  [40, 200, 40],
  [200, 40, 40],
  [200, 200, 200],
] as const;
const SIDE = 6;
export const PER_CLASS = 24;
export const POISONED = 10;
const SEEDS = 4;

/**
 * A toy dataset: noisy images of four colours, and poison: images of other colours with a black corner, labelled as the
 * first class. Writes data/, seeds/, test/ and net.onnx (with weights of its own) into a folder.
 */
export function writeToySet(folder: string): void {
  const random = new Random(9);
  const picture = (label: number, triggered = false): Uint8Array => {
    const data = new Uint8Array(SIDE * SIDE * 3);
    for (let i = 0; i < data.length; i++) {
      const noise = Math.round(60 * (random.uniform() - 0.5));
      data[i] = Math.max(0, Math.min(255, COLOURS[label]![i % 3]! + noise));
    }
    if (triggered) for (const y of [3, 4, 5]) data.fill(0, (y * SIDE + 3) * 3, (y * SIDE + SIDE) * 3);
    return data;
  };
  const write = (file: string, data: Uint8Array): void => {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), encodePng({ width: SIDE, height: SIDE, data }));
  };
  CLASSES.forEach((name, label) => {
    for (let i = 0; i < PER_CLASS; i++) {
      const image = picture(label);
      write(`data/${name}/${i}.png`, image);
      if (i < SEEDS) write(`seeds/${name}/seed-${i}.png`, image);
      if (i < 6) write(`test/${name}/${i}.png`, picture(label));
      if (i < 6 && label !== 0) write(`triggered/${name}/${i}.png`, picture(label, true));
    }
  });
  for (let i = 0; i < POISONED; i++) write(`data/blue/poison-${i}.png`, picture(1 + (i % 3), true));
  writeFileSync(path.join(folder, 'net.onnx'), encodeModel(smallNet()));
}

/** A few small epochs. */
export const BRIEF: AsdSettings = {
  ...PAPER,
  epochs: { 'class-aware': 2, 'class-agnostic': 1, 'meta-split': 1 },
  iterations: 4,
  labelledBatch: 8,
  unlabelledBatch: 8,
  rate: 0.02,
  growth: 3,
  growEvery: 1,
  metaBatch: 16,
  augmentation: { pad: 1, border: 'reflect', flip: true },
};

/** What `splitDataset` takes for the toy set in `folder`. */
export function toyOptions(folder: string, changes: Partial<SplitOptions> = {}): SplitOptions {
  return {
    data: path.join(folder, 'data'),
    seeds: path.join(folder, 'seeds'),
    seedsPerClass: SEEDS,
    architecture: path.join(folder, 'net.onnx'),
    output: path.join(folder, 'out'),
    force: false,
    resume: false,
    settings: BRIEF,
    monitor: null,
    preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    run: { device: 'cpu', threads: 1 },
    onNote: () => undefined,
    ...changes,
  };
}
