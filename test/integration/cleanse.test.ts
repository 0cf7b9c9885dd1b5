import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { defaultStageRatios, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { JobContext } from '../../src/engine/job-context';
import { openOnnx } from '../../src/model/onnx/open';
import { CleanseReportSchema } from '../../src/protocol/cleanse';
import { CancelledError, RuntimeError } from '../../src/protocol/errors';
import { cleanseText } from '../../src/report/cleanse-text';
import { Trainer } from '../../src/training/trainer';
import { IMAGES, SAMPLE, cleanseOptions } from '../support/cleanse';
import { scour, startScour } from '../support/cli';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

/** A brief run. */
const options = (output: string, changes: Partial<CleanseOptions> = {}): CleanseOptions =>
  cleanseOptions(output, { samples: 96, epochs: 2, batchSize: 32 }, changes);

const withClp = (clpU: number): CleanseOptions['choose'] => {
  return (stages) => ({ ratios: ratiosByStage(stages, defaultStageRatios(stages)), clpU });
};

/** A context that cancels once a message of progress matches. */
function cancelledAt(message: RegExp): JobContext {
  const abort = new AbortController();
  return new JobContext(abort.signal, (progress) => {
    if (message.test(progress.message)) abort.abort();
  });
}

describe('cleansing the sample', () => {
  it('gives the same bytes when run twice, and when interrupted and resumed', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const [once, resumed] = ['once.onnx', 'resumed.onnx'].map((name) => path.join(folder, name));
      const report = await cleanseModel(SAMPLE, options(once!), quiet());
      expect(v.is(CleanseReportSchema, report)).toBe(true);
      expect(report.status).toBe('complete');
      expect(report.history.map(({ epoch, temperature, rate }) => [epoch, temperature, rate])).toEqual([
        [1, 2.5, 0.01],
        [2, 4, 0.005],
      ]);
      expect(report.history[1]!.loss).toBeLessThan(report.history[0]!.loss);
      expect(report.agreement).toBeGreaterThan(50);
      expect(readdirSync(folder)).toEqual(['once.onnx']);

      const interrupted = cleanseModel(SAMPLE, options(resumed!), cancelledAt(/^Epoch 2 /));
      await expect(interrupted).rejects.toThrow(CancelledError);
      expect(existsSync(resumed!)).toBe(false);
      await expect(cleanseModel(SAMPLE, options(resumed!), quiet())).rejects.toThrow('--resume');
      const other = { ...options(resumed!).settings, seed: 1 };
      await expect(
        cleanseModel(SAMPLE, options(resumed!, { resume: true, settings: other }), quiet()),
      ).rejects.toMatchObject({ reason: 'bad-checkpoint' });
      const again = await cleanseModel(SAMPLE, options(resumed!, { resume: true }), quiet());
      expect(again.sha256).toBe(report.sha256);
      expect(readFileSync(resumed!).equals(readFileSync(once!))).toBe(true);
      expect(readdirSync(folder).sort()).toEqual(['once.onnx', 'resumed.onnx']);

      const text = cleanseText(report);
      expect(text).toContain('no measure of safety');
      expect(text).not.toMatch(/\bclean\b/i);
    }),
  );

  it('changes weights and provenance only', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'student.onnx');
      await cleanseModel(SAMPLE, options(output, { samples: 40 }), quiet());
      const [before, after] = [openOnnx(SAMPLE), openOnnx(output)];
      // The exporter merged equal shifts; trained, they differ, and become tensors of their own.
      const merged = new Set(
        before.model.graph.nodes
          .filter(({ opType }) => opType === 'Identity')
          .map(({ outputs }) => `${outputs[0]!}_trained`),
      );
      const shape = ({ model }: typeof before) => ({
        nodes: model.graph.nodes.map(({ name, opType, inputs, outputs }) => {
          const original = inputs.map((input) =>
            merged.has(input) ? input.replace(/_trained$/, '') : input,
          );
          return [name, opType, original, outputs];
        }),
        tensors: [...model.graph.initializers.values()]
          .filter(({ name }) => !merged.has(name))
          .map(({ name, dtype, dims }) => [name, dtype, dims]),
        inputs: model.graph.inputs,
        outputs: model.graph.outputs,
        opsets: [...model.opsets],
        producer: [model.producerName, model.producerVersion, model.irVersion],
      });
      expect(shape(after)).toEqual(shape(before));
      const made = after.model.metadata.get('scour.provenance');
      expect(JSON.parse(made!)).toMatchObject({ method: 'BCU', settings: { epochs: 2, seed: 0 } });
      expect([...after.model.metadata.keys()]).toEqual([...before.model.metadata.keys(), 'scour.provenance']);
      before.close();
      after.close();
    }),
  );

  it('holds pruned channels at zero with CLP first', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'student.onnx');
      const report = await cleanseModel(
        SAMPLE,
        options(output, { samples: 40, choose: withClp(2) }),
        quiet(),
      );
      expect(report.clp!.channels).toBeGreaterThan(0);
      const file = openOnnx(output);
      const norms = new Map(
        file.model.graph.nodes
          .filter(({ opType }) => opType === 'BatchNormalization')
          .map((node) => [node.name, node]),
      );
      for (const { norm, channels } of report.clp!.layers) {
        for (const input of [1, 2]) {
          const { values } = file.evaluator.evaluate(norms.get(norm!)!.inputs[input]!);
          const zeros = Array.from(values).flatMap((value, k) => (value === 0 ? [k] : []));
          expect(zeros).toEqual(expect.arrayContaining(channels));
          if (input === 1) expect(zeros.length).toBe(channels.length);
        }
      }
      file.close();
    }),
  );

  it.skipIf(!HAS_SHARED)(
    `holds them in a folded graph by weight and bias${NEEDS_SHARED}`,
    { timeout: 120_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        const model = path.join(SHARED, 'models/badnets.folded.onnx');
        const output = path.join(folder, 'student.onnx');
        const settings = { ...options(output).settings, epochs: 1 };
        const preprocessing = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] };
        const told: string[] = [];
        const onNote = (note: string): void => void told.push(note);
        const changes = { samples: 32, choose: withClp(3), settings, preprocessing, onNote };
        const report = await cleanseModel(model, options(output, changes), quiet());
        expect(report.clp!.channels).toBeGreaterThan(0);
        expect(report.notes.join()).toContain('batch norm');
        expect(told).toEqual(report.notes);
        const file = openOnnx(output);
        const convolutions = new Map(file.model.graph.nodes.map((node) => [node.name, node]));
        for (const { name, channels } of report.clp!.layers) {
          const [weight, bias] = convolutions
            .get(name)!
            .inputs.slice(1)
            .map((value) => file.evaluator.evaluate(value));
          const size = weight!.values.length / bias!.values.length;
          Array.from(bias!.values).forEach((value, k) => {
            const isSilent = weight!.values.slice(k * size, (k + 1) * size).every((each) => each === 0);
            expect([isSilent, value === 0]).toEqual([channels.includes(k), channels.includes(k)]);
          });
        }
        file.close();
      }),
  );

  it.skipIf(!HAS_SHARED)(
    `puts batch norms back into a folded graph and folds them again${NEEDS_SHARED}`,
    { timeout: 240_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        const model = path.join(SHARED, 'models/badnets.folded.onnx');
        const [once, resumed] = ['once.onnx', 'resumed.onnx'].map((name) => path.join(folder, name));
        const settings = { ...options(once!).settings, epochs: 2, restoreNorms: true };
        const preprocessing = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] };
        const changes = { samples: 40, choose: withClp(3), settings, preprocessing };
        const report = await cleanseModel(model, options(once!, changes), quiet());
        expect(report.settings.restoreNorms).toBe(true);
        expect(report.notes.join()).toContain('Batch norms were put back behind 20 convolutions');
        expect(report.notes.join()).not.toContain('The paper studied');
        expect(report.history[1]!.loss).toBeLessThan(report.history[0]!.loss);

        const interrupted = cleanseModel(model, options(resumed!, changes), cancelledAt(/^Epoch 2 /));
        await expect(interrupted).rejects.toThrow(CancelledError);
        const plainly = { ...changes, settings: { ...settings, restoreNorms: false }, resume: true };
        await expect(cleanseModel(model, options(resumed!, plainly), quiet())).rejects.toMatchObject({
          reason: 'bad-checkpoint',
        });
        const again = await cleanseModel(model, options(resumed!, { ...changes, resume: true }), quiet());
        expect(again.sha256).toBe(report.sha256);

        const [before, after] = [openOnnx(model), openOnnx(once!)];
        const shape = ({ model: { graph, opsets } }: typeof before) => ({
          nodes: graph.nodes.map(({ name, opType, inputs, outputs }) => [name, opType, inputs, outputs]),
          tensors: [...graph.initializers.values()].map(({ name, dtype, dims }) => [name, dtype, dims]),
          opsets: [...opsets],
        });
        expect(shape(after)).toEqual(shape(before));
        const convolutions = new Map(after.model.graph.nodes.map((node) => [node.name, node]));
        expect(report.clp!.channels).toBeGreaterThan(0);
        for (const { name, channels } of report.clp!.layers) {
          const [weight, bias] = convolutions
            .get(name)!
            .inputs.slice(1)
            .map((value) => after.evaluator.evaluate(value).values);
          const size = weight!.length / bias!.length;
          for (const k of channels) {
            expect(bias![k] === 0).toBe(true);
            expect(weight!.slice(k * size, (k + 1) * size).every((each) => each === 0)).toBe(true);
          }
        }
        before.close();
        after.close();
      }),
  );

  it('keeps no output and says so where training diverges at once', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'student.onnx');
      const settings = { ...options(output).settings, rate: 1e30 };
      await expect(cleanseModel(SAMPLE, options(output, { settings }), quiet())).rejects.toMatchObject({
        reason: 'diverged',
      });
      expect(existsSync(output)).toBe(false);
    }),
  );

  it(
    'leaves nothing where the first step fails, and what was done where a later one does',
    { timeout: 60_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        const output = path.join(folder, 'student.onnx');
        const failure = new RuntimeError('out-of-memory', 'The device has no memory left.');
        const step = vi.spyOn(Trainer.prototype, 'step');
        const fail = (): void => void step.mockRejectedValueOnce(failure);
        try {
          fail();
          await expect(cleanseModel(SAMPLE, options(output), quiet())).rejects.toBe(failure);
          expect(readdirSync(folder)).toEqual([]);
          await expect(cleanseModel(SAMPLE, options(output, { onStep: fail }), quiet())).rejects.toBe(
            failure,
          );
          expect(readdirSync(folder)).toEqual(['.student.onnx.cleanse']);
          // One that fails before its own beginning leaves what another has done.
          vi.spyOn(Trainer.prototype, 'rehearse').mockRejectedValueOnce(failure);
          const monitor = { data: IMAGES, attacks: [], target: null, limit: 20 };
          const anew = cleanseModel(SAMPLE, options(output, { force: true, monitor }), quiet());
          await expect(anew).rejects.toBe(failure);
        } finally {
          vi.restoreAllMocks();
        }
        const resumed = await cleanseModel(SAMPLE, options(output, { resume: true }), quiet());
        expect(resumed.status).toBe('complete');
      }),
  );

  it('says so too where the loss grows without end and is still a number', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'student.onnx');
      const brief = { samples: 16, epochs: 4, batchSize: 8 };
      const { settings } = cleanseOptions(output, brief);
      const changes = { settings: { ...settings, rate: 1000 } };
      const error: unknown = await cleanseModel(
        SAMPLE,
        cleanseOptions(output, brief, changes),
        quiet(),
      ).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ reason: 'diverged' });
      // ln 10
      expect((error as Error).message).toMatch(/in epoch \d: its loss is .*knows nothing has 2\.30/);
      expect(existsSync(output)).toBe(false);
    }),
  );
});

describe('scour cleanse', () => {
  it('names the stages where the number of ratios is wrong, and exits 4', () =>
    inTemporaryFolder((folder) => {
      const run = (...args: string[]) =>
        scour('cleanse', SAMPLE, '--data', IMAGES, '--output', path.join(folder, 'out.onnx'), ...args);
      const count = run('--ratios', '0.1,0.2');
      expect([count.code, count.stdout]).toEqual([4, '']);
      expect(count.stderr).toContain('stem, stage 1, stage 2, stage 3, stage 4, classifier');
      for (const wrong of [
        ['--ratios', 'no-such-file.json'],
        ['--ratios', '0,0,0,0,0,1.5'],
        ['--epochs', '0'],
        ['--preset', 'best'],
        ['--preset', 'uniform', '--ratios', '0,0,0,0,0,0'],
        ['--attack', 'badnets', '--target', '0'],
        ['--labels', 'none'],
        ['--format', 'sarif'],
      ])
        expect(run(...wrong).code, wrong.join(' ')).toBe(4);
      expect(scour('cleanse', SAMPLE, '--data', IMAGES, '--output', SAMPLE, '--force').code).toBe(2);
      expect(readdirSync(folder)).toEqual([]);
    }));

  it('ends a run on Ctrl-C without output, and continues it from a ratio file', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const [output, ratios] = ['out.onnx', 'ratios.json'].map((name) => path.join(folder, name));
      const layer = openOnnx(SAMPLE).model.graph.nodes.find(({ opType }) => opType === 'Gemm')!.name;
      writeFileSync(ratios!, JSON.stringify({ [layer]: 0.5 }));
      const args = ['cleanse', SAMPLE, '--data', IMAGES, '--output', output!, '--samples', '64'];
      const settings = ['--epochs', '10', '--batch-size', '32', '--ratios', ratios!, '--format', 'json'];
      const { child, done } = startScour(...args, ...settings);
      const state = path.join(folder, '.out.onnx.cleanse/checkpoint.safetensors');
      while (!existsSync(state) && child.exitCode === null) await setTimeout(50);
      child.kill('SIGINT');
      const stopped = await done;
      expect([stopped.code, stopped.stdout]).toEqual([2, '']);
      expect(stopped.stderr).toContain('--resume');
      expect(readdirSync(folder).sort()).toEqual(['.out.onnx.cleanse', 'ratios.json']);
      const resumed = scour(...args, ...settings, '--resume');
      expect(resumed.code, resumed.stderr).toBe(0);
      const report = v.parse(CleanseReportSchema, JSON.parse(resumed.stdout));
      expect(report.history).toHaveLength(10);
      expect(report.stages.at(-1)!.layers).toMatchObject([{ name: layer, ratio: 0.5 }]);
      expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'ratios.json']);
    }),
  );
});
