import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HANDLERS } from '../../src/engine/handlers';
import { cleanseModel } from '../../src/engine/jobs/cleanse';
import { RunFolder } from '../../src/engine/jobs/cleanse-runs';
import { splitDataset } from '../../src/engine/jobs/split';
import type { CleansingEvent } from '../../src/protocol/cleansing';
import type { OutputError } from '../../src/protocol/errors';
import { ContextAtTick } from '../support/at-tick';
import { cleanseOptions, cleansingOrder, SAMPLE } from '../support/cleanse';
import { FULL_DISKS, missing } from '../support/full-disk';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { toyOptions, writeToySet } from '../support/split';

const WHY =
  /there is no space left on its disk \(ENOSPC\)|the system allows no file of that size here \(EFBIG\)/;
const SETTINGS = { samples: 40, epochs: 2, batchSize: 20 };
const ID = '20260101-000000-00000000';

/** What the run gives on a disk with room. */
let once: Promise<string> | null = null;
const undisturbed = (): Promise<string> =>
  (once ??= inTemporaryFolder(async (folder) => {
    const output = path.join(folder, 'out.onnx');
    return (await cleanseModel(SAMPLE, cleanseOptions(output, SETTINGS), quiet())).sha256;
  }));

for (const way of ['tmpfs', 'limit'] as const) {
  const why = missing(way);
  const inDisk = FULL_DISKS[way];
  describe.skipIf(why !== '')(`a disk that is full (${way})${why}`, () => {
    /** What a run of `scour cleanse` leaves that runs into a full disk once `at` holds, and what resuming makes of it. */
    const cleansing = (at: { readonly epochs: number; readonly steps: number }): Promise<void> =>
      inDisk(async ({ folder, fill, empty }) => {
        const output = path.join(folder, 'out.onnx');
        const state = path.join(folder, '.out.onnx.cleanse');
        let epochs = -1;
        let steps = 0;
        const check = (): void => {
          if (epochs === at.epochs && steps === at.steps) fill();
        };
        const run = cleanseModel(
          SAMPLE,
          cleanseOptions(output, SETTINGS, {
            onState: ({ history }) => {
              [epochs, steps] = [history.length, 0];
              check();
            },
            onStep: () => {
              steps++;
              check();
            },
          }),
          quiet(),
        );
        const error: unknown = await run.catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ name: 'OutputError', reason: 'write-failed' });
        const { message, path: named } = error as OutputError;
        expect(message).toMatch(WHY);
        expect(message).toContain(named);
        expect(named.startsWith(epochs === 2 ? output : state)).toBe(true);
        expect(existsSync(output)).toBe(false);
        expect(readdirSync(folder).filter((name) => name !== 'filler')).toEqual(['.out.onnx.cleanse']);
        expect(readdirSync(state).filter((name) => name.endsWith('.tmp'))).toEqual([]);

        empty();
        const resumed = await cleanseModel(
          SAMPLE,
          { ...cleanseOptions(output, SETTINGS), resume: true },
          quiet(),
        );
        expect(resumed.sha256).toBe(await undisturbed());
        expect(readdirSync(folder)).toEqual(['out.onnx']);
      });

    it(
      'during a checkpoint, keeps the last good one, and resumes to the same result',
      { timeout: 120_000 },
      () => cleansing({ epochs: 1, steps: 1 }),
    );

    it('during the export, leaves no student, and resumes to the same result', { timeout: 120_000 }, () =>
      cleansing({ epochs: 2, steps: 0 }),
    );

    it('before the first checkpoint, leaves nothing at all', { timeout: 120_000 }, () =>
      inDisk(async ({ folder, fill }) => {
        fill();
        const output = path.join(folder, 'out.onnx');
        await expect(cleanseModel(SAMPLE, cleanseOptions(output, SETTINGS), quiet())).rejects.toThrow(WHY);
        expect(readdirSync(folder).filter((name) => name !== 'filler')).toEqual([]);
      }),
    );

    it(
      'leaves a run of the panel interrupted, with the reason, and an export without a file',
      { timeout: 120_000 },
      () =>
        inDisk(async ({ folder: store, fill, empty }) => {
          const order = await cleansingOrder(SETTINGS);
          const events: CleansingEvent[] = [];
          const live = {
            pause: new AbortController().signal,
            send: (event: CleansingEvent) => {
              events.push(event);
              if (event.kind === 'step' && event.point.step === 3) fill();
            },
          };
          await expect(
            HANDLERS.cleanse({ kind: 'start', store, id: ID, order }, quiet(), live),
          ).rejects.toThrow(WHY);
          const last = events.findLast((event) => event.kind === 'run')!;
          expect(last.run.status).toBe('interrupted');
          expect(last.run.error).toMatch(WHY);
          // The record on disk could not be changed, and says the same all the same.
          const folder = new RunFolder(store, ID);
          expect(folder.read().status).toBe('interrupted');

          empty();
          const deaf = { send: () => undefined, pause: new AbortController().signal };
          const params = { kind: 'resume', store, id: ID, path: SAMPLE } as const;
          const run = await HANDLERS.cleanse(params, quiet(), deaf);
          expect([run.status, run.error]).toEqual(['complete', null]);

          fill();
          const output = path.join(store, 'export.onnx');
          const exporting = { store, id: ID, path: SAMPLE, output, force: false };
          await expect(HANDLERS.exportStudent(exporting, quiet(), deaf)).rejects.toThrow(WHY);
          expect(existsSync(output)).toBe(false);
          empty();
          const written = await HANDLERS.exportStudent(exporting, quiet(), deaf);
          expect([written.sha256, written.bytes]).toEqual([run.report!.sha256, statSync(output).size]);
        }),
    );

    it('during a split, keeps the last good state, and resumes to the same files', { timeout: 120_000 }, () =>
      inDisk(async ({ folder, fill, empty }) => {
        writeToySet(folder);
        const once = await splitDataset(toyOptions(folder, { output: path.join(folder, 'once') }), quiet());
        const output = path.join(folder, 'parts');
        let resume = false;
        // Within an epoch, and when the results are written.
        for (const [moment, named] of [
          [/^Epoch 2 of 4.*MixMatch/, 'checkpoint.safetensors'],
          [/^Ranking/, 'model.onnx'],
        ] as const) {
          const context = new ContextAtTick(new AbortController().signal, moment, 3, fill);
          const run = splitDataset(toyOptions(folder, { output, resume, saveEvery: 0 }), context);
          const error: unknown = await run.catch((thrown: unknown) => thrown);
          expect((error as Error).message).toMatch(WHY);
          expect(path.basename((error as OutputError).path)).toBe(named);
          expect(existsSync(output)).toBe(false);
          expect(readdirSync(path.join(folder, '.parts.split'))).toEqual(['checkpoint.safetensors']);
          resume = true;
          empty();
        }
        const again = await splitDataset(toyOptions(folder, { output, resume }), quiet());
        expect(again.sha256).toBe(once.sha256);
        for (const file of ['model.onnx', 'suspects.csv', 'suspects.json'])
          expect(readFileSync(path.join(output, file))).toEqual(
            readFileSync(path.join(folder, 'once', file)),
          );
      }),
    );
  });
}
