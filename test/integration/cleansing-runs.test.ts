import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HANDLERS } from '../../src/engine/handlers';
import { RunFolder } from '../../src/engine/jobs/cleanse-runs';
import type { Live } from '../../src/engine/server';
import { openOnnx } from '../../src/model/onnx/open';
import { DEFAULT_TRAINING, type CleansingEvent, type CleansingOrder } from '../../src/protocol/cleansing';
import { TrainingError } from '../../src/training/errors';
import { cleanseText } from '../../src/report/cleanse-text';
import { Classifier } from '../../src/runtime/classifier';
import { JobContext } from '../../src/engine/job-context';
import { IMAGES, SAMPLE, cleansingOrder } from '../support/cleanse';
import { inTemporaryFolder, quiet, scan } from '../support/jobs';
import { ROOT } from '../support/paths';

const ID = '20260101-000000-00000000';

const deaf: Live<never> = { send: () => undefined, pause: new AbortController().signal };

/** A brief run of CLP + BCU. */
const orderOf = (changes: Partial<CleansingOrder> = {}): Promise<CleansingOrder> =>
  cleansingOrder({ samples: 64, epochs: 2, batchSize: 32 }, changes);

/** Channels that a scan of the sample flags. */
async function flaggedAt(u: number): Promise<number> {
  return (await scan(SAMPLE, { u })).summary.outliers;
}

/** Follows a run's events; `at` may act on each. */
function listener(at: (event: CleansingEvent) => void = () => undefined) {
  const events: CleansingEvent[] = [];
  const pause = new AbortController();
  const live: Live<CleansingEvent> = {
    pause: pause.signal,
    send: (event) => {
      events.push(event);
      at(event);
    },
  };
  return { events, pause, live };
}

const stepsOf = (events: readonly CleansingEvent[]) =>
  events.flatMap((event) => (event.kind === 'step' ? [event.point] : []));

describe('a run of BCU in its folder', () => {
  it(
    'can be paused after any step, resumed to the same result, listed, exported and deleted',
    { timeout: 180_000 },
    () =>
      inTemporaryFolder(async (store) => {
        const monitor = {
          data: IMAGES,
          attacks: [
            { kind: 'badnets', pattern: 'checkerboard', size: null, position: 'bottom-right' } as const,
          ],
          target: 0,
          limit: 60,
        };
        const order = await orderOf({ monitor });
        const whole = listener();
        const once = '20260101-000001-00000001';
        const finished = await HANDLERS.cleanse(
          { kind: 'start', store, id: once, order },
          quiet(),
          whole.live,
        );
        expect(finished).toMatchObject({ status: 'complete', error: null, held: await flaggedAt(2) });
        expect(finished.report).toMatchObject({ epoch: 2, monitoring: { target: 0 } });
        expect(stepsOf(whole.events).map(({ step, at }) => [step, at])).toEqual([
          [1, 0.25],
          [2, 0.5],
          [3, 0.75],
          [4, 1],
        ]);
        // The sample's backdoor, and what is left of it behind CLP at u = 2.
        expect(finished.before!.teacher.attacks[0]!.asr).toBeGreaterThan(90);
        expect(finished.before!.student.attacks[0]!.asr).toBeLessThan(50);
        for (const { monitored } of finished.history) expect(monitored!.n).toBe(60);
        expect(cleanseText(finished.report!)).toMatch(
          /watched +ACC +ASR badnets +RA badnets\n.*\nteacher +\d.*\nre-initialised +\d.*\nepoch 2 +\d/,
        );

        const { guidance } = finished.report!;
        expect(guidance!.seen[0]).toMatch(
          /^With badnets, [\d.]+ % of images still go to the target \(teacher: /,
        );
        for (const line of [...guidance!.seen, ...guidance!.change])
          expect(cleanseText(finished.report!)).toContain(`- ${line}`);

        const cut = listener((event) => {
          if (event.kind === 'step' && event.point.step === 3) cut.pause.abort();
        });
        const paused = await HANDLERS.cleanse({ kind: 'start', store, id: ID, order }, quiet(), cut.live);
        expect(paused).toMatchObject({ status: 'paused', report: null });
        expect(paused.history).toHaveLength(1);
        const on = listener();
        const params = { kind: 'resume', store, id: ID, path: SAMPLE } as const;
        const resumed = await HANDLERS.cleanse(params, quiet(), on.live);
        expect(stepsOf(on.events)).toEqual(stepsOf(whole.events).slice(3));
        expect(resumed.report!.sha256).toBe(finished.report!.sha256);
        expect(resumed.before).toEqual(finished.before);
        await expect(HANDLERS.cleanse(params, quiet(), deaf as Live<CleansingEvent>)).rejects.toMatchObject({
          reason: 'not-resumable',
        });

        const { runs, damaged } = await HANDLERS.listRuns({ store, key: finished.key }, quiet(), deaf);
        expect([runs.map(({ id }) => id), damaged]).toEqual([[once, ID], []]);
        expect((await HANDLERS.listRuns({ store, key: 'other' }, quiet(), deaf)).runs).toEqual([]);

        const output = path.join(store, 'out.onnx');
        const exporting = { store, id: once, path: SAMPLE, output, force: false };
        const written = await HANDLERS.exportStudent(exporting, quiet(), deaf);
        expect(written.sha256).toBe(finished.report!.sha256);
        await (await Classifier.open(output, { device: 'cpu', threads: 1 })).release();
        const file = openOnnx(output);
        expect([...file.model.metadata.keys()]).toContain('scour.provenance');
        file.close();
        await expect(HANDLERS.exportStudent(exporting, quiet(), deaf)).rejects.toMatchObject({
          reason: 'exists',
        });
        const onto = { ...exporting, output: SAMPLE, force: true };
        await expect(HANDLERS.exportStudent(onto, quiet(), deaf)).rejects.toMatchObject({
          reason: 'is-input',
        });

        await HANDLERS.deleteRun({ store, id: once }, quiet(), deaf);
        expect(readdirSync(store).sort()).toEqual([ID, 'out.onnx'].sort());
      }),
  );

  it('is interrupted, not lost, where its process is killed or the job cancelled', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (store) => {
      const order = await orderOf({
        samples: 40,
        training: { ...DEFAULT_TRAINING, epochs: 1, batchSize: 20 },
      });
      const abort = new AbortController();
      const context = new JobContext(abort.signal, () => undefined);
      const stopping = listener((event) => {
        if (event.kind === 'step') abort.abort();
      });
      const job = HANDLERS.cleanse({ kind: 'start', store, id: ID, order }, context, stopping.live);
      await expect(job).rejects.toMatchObject({ reason: 'cancelled' });
      const folder = new RunFolder(store, ID);
      const { status, error, key } = folder.read();
      expect([status, error]).toEqual(['interrupted', null]);

      // As a killed process leaves it: running, and held by a process that is gone.
      const gone = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim();
      await folder.write({ ...folder.read(), status: 'running' });
      writeFileSync(path.join(store, ID, 'lock'), gone);
      const [run] = (await HANDLERS.listRuns({ store, key }, quiet(), deaf)).runs;
      expect(run!.status).toBe('interrupted');
      // Held by one that lives: this test's parent.
      writeFileSync(path.join(store, ID, 'lock'), String(process.ppid));
      const params = { kind: 'resume', store, id: ID, path: SAMPLE } as const;
      await expect(HANDLERS.cleanse(params, quiet(), listener().live)).rejects.toMatchObject({
        reason: 'busy',
      });
      await expect(HANDLERS.deleteRun({ store, id: ID }, quiet(), deaf)).rejects.toMatchObject({
        reason: 'busy',
      });
      rmSync(path.join(store, ID, 'lock'));

      const changed = path.join(store, 'changed.onnx');
      copyFileSync(SAMPLE, changed);
      writeFileSync(changed, Buffer.concat([readFileSync(SAMPLE), Buffer.from([0x28, 99])]));
      await expect(
        HANDLERS.cleanse({ ...params, path: changed }, quiet(), listener().live),
      ).rejects.toMatchObject({ reason: 'not-resumable' });
      const resumed = await HANDLERS.cleanse(params, quiet(), listener().live);
      expect(resumed.status).toBe('complete');
      expect(resumed.history).toHaveLength(1);
    }),
  );

  it('holds its best epoch where it diverges later, and says so', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (store) => {
      const training = { ...DEFAULT_TRAINING, epochs: 4, batchSize: 20 };
      const order = await orderOf({ samples: 40, training });
      // Stands in for a step whose loss is no longer a number.
      const diverging = listener((event) => {
        if (event.kind === 'step' && event.point.step === 6)
          throw new TrainingError('diverged', 'Training diverged in step 6.');
      });
      const run = await HANDLERS.cleanse({ kind: 'start', store, id: ID, order }, quiet(), diverging.live);
      const best = run.history.reduce((a, b) => (b.agreement >= a.agreement ? b : a));
      expect(run).toMatchObject({ status: 'diverged', report: { epoch: best.epoch } });
      expect(run.history).toHaveLength(2);
      expect(run.notes).toContain('Training diverged in step 6.');
      // The student is the one of a run that ended there.
      const file = openOnnx(path.join(store, ID, 'student.onnx'));
      const made = JSON.parse(file.model.metadata.get('scour.provenance')!) as { history: unknown[] };
      expect(made.history).toHaveLength(best.epoch);
      file.close();
      expect(readdirSync(path.join(store, ID)).sort()).toEqual(['run.json', 'student.onnx']);
    }),
  );

  it('leaves nothing where it could not begin, and names folders that are no runs', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (store) => {
      const start = async (changes: Partial<CleansingOrder>) => {
        const order = await orderOf(changes);
        return HANDLERS.cleanse({ kind: 'start', store, id: ID, order }, quiet(), listener().live);
      };
      await expect(start({ data: path.join(store, 'none') })).rejects.toMatchObject({ reason: 'not-found' });
      await expect(start({ ratios: [0.1] })).rejects.toMatchObject({ reason: 'bad-value' });
      await expect(start({ path: path.join(ROOT, 'package.json') })).rejects.toThrow();
      expect(existsSync(path.join(store, ID))).toBe(false);
      mkdirSync(path.join(store, ID));
      mkdirSync(path.join(store, 'else'));
      writeFileSync(path.join(store, ID, 'run.json'), '{"id":');
      const list = await HANDLERS.listRuns({ store, key: 'k' }, quiet(), deaf);
      expect(list.runs).toEqual([]);
      expect(list.damaged.map(({ id }) => id)).toEqual([ID]);
    }),
  );
});

describe('preview of a student', () => {
  it('agrees with its teacher fully where nothing is re-drawn, less where much is', { timeout: 60_000 }, () =>
    inTemporaryFolder(async () => {
      const { ratios, path: model } = await orderOf();
      const preview = (list: readonly number[], clpU: number | null) =>
        HANDLERS.previewStudent(
          {
            path: model,
            data: IMAGES,
            ratios: [...list],
            clpU,
            seed: 0,
            samples: null,
            restoreNorms: false,
            limit: 60,
            preprocessing: {},
            device: 'cpu',
          },
          quiet(),
          deaf,
        );
      const nothing = await preview(
        ratios.map(() => 0),
        null,
      );
      expect(nothing).toMatchObject({ redrawn: 0, held: 0, restoreNorms: false });
      expect(nothing.agreement).toMatchObject({ agreement: 100, n: 60 });
      const pruned = await preview(
        ratios.map(() => 0),
        2,
      );
      expect(pruned).toMatchObject({ redrawn: 0, held: await flaggedAt(2) });
      const much = await preview(
        ratios.map(() => 0.9),
        null,
      );
      expect(much.redrawn).toBeCloseTo(0.9, 6);
      expect(much.agreement.agreement).toBeLessThan(pruned.agreement.agreement);
      expect(much.agreement.pruned.reduce((sum, n) => sum + n)).toBe(60);
    }),
  );
});
