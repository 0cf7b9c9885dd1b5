import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitDataset } from '../../src/engine/jobs/split';
import type { SplitOptions } from '../../src/engine/jobs/split-options';
import { CancelledError, PausedError } from '../../src/protocol/errors';
import type { SplitReport } from '../../src/protocol/split';
import { ContextAtTick } from '../support/at-tick';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { toyOptions, writeToySet } from '../support/split';

const FILES = ['model.onnx', 'suspects.csv', 'suspects.json'];

function optionsIn(folder: string, output: string, changes: Partial<SplitOptions> = {}): SplitOptions {
  const monitor = {
    test: path.join(folder, 'test'),
    triggered: { folder: path.join(folder, 'triggered'), target: 0 },
  };
  return toyOptions(folder, { output: path.join(folder, output), monitor, ...changes });
}

/** The history without what no two runs share. */
const lasting = ({ history }: SplitReport) => history.map((epoch) => ({ ...epoch, seconds: 0 }));

describe('a pause', () => {
  it(
    'takes effect in every phase, and the run goes on to the same result to the bit',
    { timeout: 120_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        writeToySet(folder);
        const once = await splitDataset(optionsIn(folder, 'once'), quiet());
        // Epochs 1 and 2 are class-aware, 3 is class-agnostic, 4 is of the meta-split.
        const moments: readonly [string, RegExp, number][] = [
          ['before the first step', /Epoch 1 of 4.*MixMatch/, 1],
          ['measuring', /Epoch 1 of 4.*measuring/, 1],
          ['split losses, class-aware', /Epoch 2 of 4.*split losses/, 1],
          ['measuring triggered images', /Epoch 2 of 4.*measuring/, 2],
          ['split losses, class-agnostic', /Epoch 3 of 4.*split losses/, 1],
          ['MixMatch', /Epoch 3 of 4.*MixMatch/, 3],
          ['split losses, meta-split', /Epoch 4 of 4.*split losses/, 1],
          ['virtual model', /Epoch 4 of 4.*virtual model/, 4],
          ['split losses of the virtual model', /Epoch 4 of 4.*split losses/, 2],
          ['ranking', /Ranking/, 4],
        ];
        for (const [i, [what, message, nth]] of moments.entries()) {
          const pause = new AbortController();
          const context = new ContextAtTick(new AbortController().signal, message, nth, () => pause.abort());
          const options = optionsIn(folder, 'parts', { pause: pause.signal, resume: i > 0 });
          await expect(splitDataset(options, context), what).rejects.toThrow(PausedError);
          expect(context.reached, what).toBe(true);
        }
        expect(existsSync(path.join(folder, 'parts'))).toBe(false);
        const parts = await splitDataset(optionsIn(folder, 'parts', { resume: true }), quiet());
        expect(lasting(parts)).toEqual(lasting(once));
        for (const file of FILES)
          expect(readFileSync(path.join(folder, 'parts', file)), file).toEqual(
            readFileSync(path.join(folder, 'once', file)),
          );
      }),
  );

  it('that comes with a cancellation, as an interrupt of the command line does, keeps the state', () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const both = new AbortController();
      const context = new ContextAtTick(both.signal, /Epoch 2 of 4.*MixMatch/, 2, () => both.abort());
      const cut = splitDataset(optionsIn(folder, 'out', { pause: both.signal }), context);
      await expect(cut).rejects.toThrow(PausedError);
      const started: number[] = [];
      await splitDataset(
        optionsIn(folder, 'out', { resume: true, onStart: (history) => started.push(history.length) }),
        quiet(),
      );
      expect(started).toEqual([1]);
    }));

  it('before training is a cancellation: there is nothing to keep', () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const both = new AbortController();
      const context = new ContextAtTick(both.signal, /Reading images/, 1, () => both.abort());
      const cut = splitDataset(optionsIn(folder, 'out', { pause: both.signal }), context);
      await expect(cut).rejects.toThrow(CancelledError);
    }));
});
