import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { JobContext } from '../../src/engine/job-context';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { encodeModel } from '../../src/model/onnx/encode';
import { CancelledError } from '../../src/protocol/errors';
import { ONNXRUNTIME, type TrainingEngineChoice } from '../../src/protocol/training-engine';
import { atDefaultRatios, cleanseOptions, IMAGES } from '../support/cleanse';
import { scour } from '../support/cli';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { FIXTURES } from '../support/paths';
import { smallNet } from '../support/small-net';
import { tfjsBundle } from '../support/tfjs';

const STUDENT = 'TensorFlow.js 4.22.0 (cpu, @tensorflow/tfjs-node 4.22.0)';

const fixture = (name: string): string => path.join(FIXTURES, 'tfjs-packages', name);
const tfjsIn = (setting: string): TrainingEngineChoice => ({
  name: 'tfjs',
  search: { workspaces: [], setting },
});

function options(output: string, changes: Partial<CleanseOptions>): CleanseOptions {
  return cleanseOptions(
    output,
    { samples: 24, epochs: 1, batchSize: 8 },
    {
      choose: atDefaultRatios(0.5),
      engine: tfjsIn(fixture('working')),
      run: { device: 'cpu', threads: 1 },
      ...changes,
    },
  );
}

/** Calls `work` with a small network, whose steps TensorFlow.js takes fast in plain JavaScript, and an empty folder. */
function withModel(work: (model: string, folder: string) => Promise<void> | void): Promise<void> {
  return inTemporaryFolder((models) =>
    inTemporaryFolder(async (folder) => {
      const model = path.join(models, 'net.onnx');
      writeFileSync(model, encodeModel(smallNet()));
      await work(model, folder);
    }),
  );
}

/** A context that cancels when a step is told of. */
function cancelledAtStep(wanted: number): { context: JobContext; onStep: CleanseOptions['onStep'] & object } {
  const abort = new AbortController();
  return {
    context: new JobContext(abort.signal, () => undefined),
    onStep: ({ step }) => {
      if (step === wanted) abort.abort();
    },
  };
}

describe('cleansing with TensorFlow.js', () => {
  beforeAll(() => {
    tfjsBundle();
  });

  it(
    'learns what onnxruntime does, says what trained it, and goes on with nothing else',
    { timeout: 60_000 },
    () =>
      withModel(async (model, folder) => {
        const [theirs, ours, cut] = ['tfjs.onnx', 'ort.onnx', 'cut.onnx'].map((name) =>
          path.join(folder, name),
        );
        const report = await cleanseModel(model, options(theirs!, {}), quiet());
        const peer = await cleanseModel(model, options(ours!, { engine: ONNXRUNTIME }), quiet());
        expect([report.devices, peer.devices]).toEqual([
          { teacher: 'cpu', student: STUDENT },
          { teacher: 'cpu', student: 'cpu' },
        ]);
        expect(report.clp!.channels).toBeGreaterThan(0);
        const [loss, peerLoss] = [report.history[0]!.loss, peer.history[0]!.loss];
        expect(Math.abs(loss - peerLoss) / peerLoss).toBeLessThan(1e-3);

        const { context, onStep } = cancelledAtStep(2);
        await expect(cleanseModel(model, options(cut!, { onStep }), context)).rejects.toThrow(CancelledError);
        await expect(
          cleanseModel(model, options(cut!, { engine: ONNXRUNTIME, resume: true }), quiet()),
        ).rejects.toMatchObject({ reason: 'bad-checkpoint' });
        const resumed = await cleanseModel(model, options(cut!, { resume: true }), quiet());
        expect(resumed.sha256).toBe(report.sha256);
      }),
  );

  it.each([
    ['version-3', 'wrong-version', /Scour works with 4\.x/],
    ['core-3', 'wrong-version', /runs TensorFlow\.js 3/],
    ['native-missing', 'broken', /npm rebuild/],
    ['wrong-results', 'broken', /computes 6 where 3 is right/],
    ['nothing-here', 'absent', /is not installed/],
  ])('%s is refused before anything is read or written', (name, reason, message) =>
    withModel(async (model, folder) => {
      const changes = { engine: tfjsIn(fixture(name)), data: path.join(folder, 'no-images') };
      const run = cleanseModel(model, options(path.join(folder, 'out.onnx'), changes), quiet());
      await expect(run).rejects.toMatchObject({
        name: 'TfjsPackageError',
        reason,
        message: expect.stringMatching(message) as string,
      });
      expect(readdirSync(folder)).toEqual([]);
    }),
  );

  it('is asked for on the command line', { timeout: 60_000 }, () =>
    withModel((model, folder) => {
      const run = (...args: string[]) =>
        scour('cleanse', model, '--data', IMAGES, '--output', path.join(folder, 'out.onnx'), ...args);
      const small = ['--samples', '4', '--batch-size', '2', '--epochs', '1'];
      expect(run('--tfjs-path', fixture('working')).code).toBe(4);
      expect(run('--engine', 'torch').code).toBe(4);
      const old = run('--engine', 'tfjs', '--tfjs-path', fixture('version-3'), ...small);
      expect([old.code, old.stdout]).toEqual([2, '']);
      expect(old.stderr).toContain('is version 3.21.1; Scour works with 4.x');
      expect(readdirSync(folder)).toEqual([]);
      const done = run('--engine', 'tfjs', '--tfjs-path', fixture('working'), ...small, '--format', 'json');
      expect(JSON.parse(done.stdout)).toMatchObject({ status: 'complete', devices: { student: STUDENT } });
    }),
  );
});
