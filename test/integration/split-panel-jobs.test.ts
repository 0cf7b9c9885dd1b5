import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { decodePng } from '../../src/data/decoding/png';
import { moveSuspects, planMove, releaseSuspects } from '../../src/engine/jobs/move-suspects';
import { runSplit } from '../../src/engine/jobs/run-split';
import { splitDataset } from '../../src/engine/jobs/split';
import { findSplit } from '../../src/engine/jobs/split-results';
import { suspectPage } from '../../src/engine/jobs/suspect-page';
import {
  SplitOrderSchema,
  SuspectPageSchema,
  type SplitEvent,
  type SplitOrder,
  type SuspectPageParams,
} from '../../src/protocol/splitting';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { CLASSES, PER_CLASS, POISONED, toyOptions, writeToySet } from '../support/split';

const ALL = CLASSES.length * PER_CLASS + POISONED;

function orderOf(folder: string, output: string): SplitOrder {
  const { data, seeds, seedsPerClass, architecture, settings, monitor, preprocessing } = toyOptions(folder);
  return v.parse(SplitOrderSchema, {
    data,
    seeds,
    seedsPerClass,
    architecture,
    settings,
    monitor,
    preprocessing,
    output: path.join(folder, output),
    device: 'cpu',
  });
}

describe('what the splitting panel asks of the engine', () => {
  it('pauses, resumes to the same result, and tells of every epoch', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const order = orderOf(folder, 'parts');
      const events: SplitEvent[] = [];
      const pause = new AbortController();
      const send = (event: SplitEvent): void => {
        events.push(event);
        if (event.kind === 'epoch' && event.epoch.epoch === 2) pause.abort();
      };
      expect(findSplit(order.output)).toEqual({ unfinished: false, occupied: false, report: null });
      const first = await runSplit({ order, start: 'new' }, quiet(), { send, pause: pause.signal });
      expect(first).toEqual({ status: 'paused' });
      expect(findSplit(order.output)).toEqual({ unfinished: true, occupied: false, report: null });
      expect(events.flatMap((event) => (event.kind === 'epoch' ? event.epoch.epoch : []))).toEqual([1, 2]);

      await expect(
        runSplit({ order, start: 'new' }, quiet(), { send, pause: new AbortController().signal }),
      ).rejects.toMatchObject({ reason: 'exists' });
      events.length = 0;
      const rest = await runSplit({ order, start: 'resume' }, quiet(), {
        send,
        pause: new AbortController().signal,
      });
      expect(events.find(({ kind }) => kind === 'started')).toMatchObject({
        history: [{ epoch: 1 }, { epoch: 2 }],
      });
      expect(events.flatMap((event) => (event.kind === 'epoch' ? event.epoch.epoch : []))).toEqual([3, 4]);
      const once = await splitDataset(toyOptions(folder, { output: path.join(folder, 'once') }), quiet());
      expect(rest).toMatchObject({ status: 'complete', report: { sha256: once.sha256 } });
      expect(findSplit(order.output)).toMatchObject({ unfinished: false, report: { sha256: once.sha256 } });

      writeFileSync(path.join(order.output, 'report.json'), '{"schema":"scour.split/1"}');
      expect(() => findSplit(order.output)).toThrow(/report\.json is no report/);
    }),
  );

  it('pages through the ranked images, also once they are in quarantine', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const order = orderOf(folder, 'out');
      await splitDataset(toyOptions(folder), quiet());
      const ask = async (changes: Partial<SuspectPageParams> = {}) => {
        const { output, data } = order;
        const page = await suspectPage(
          { output, data, quarantine: null, which: 'all', label: null, from: 0, count: 20, ...changes },
          quiet(),
        );
        return v.parse(SuspectPageSchema, page);
      };
      const first = await ask();
      expect(first).toMatchObject({ from: 0, total: ALL, width: 6, height: 6 });
      expect(first.samples.map(({ rank }) => rank)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      // The picture is the file's own, pixel for pixel.
      const [sample] = first.samples;
      const file = readFileSync(path.join(order.data, sample!.path));
      expect(decodePng(Buffer.from(sample!.image!, 'base64'), 'page')).toEqual(decodePng(file, 'file'));
      const tail = await ask({ from: 100 });
      expect(tail.samples.map(({ rank }) => rank)).toEqual([101, 102, 103, 104, 105, 106]);
      const green = await ask({ label: 'green', count: 100 });
      expect(green.total).toBe(PER_CLASS);
      await expect(ask({ data: path.join(folder, 'seeds') })).rejects.toThrow(/results of another dataset/);

      // Suspects are chosen here, so that the test does not hang on what so short a run finds.
      const listFile = path.join(order.output, 'suspects.json');
      const list = JSON.parse(readFileSync(listFile, 'utf8')) as { samples: { suspected: boolean }[] };
      list.samples.forEach((each, i) => (each.suspected = i < 5));
      writeFileSync(listFile, JSON.stringify(list));
      const names = first.samples.slice(0, 5).map(({ path: name }) => name);
      const quarantine = path.join(folder, 'quarantine');
      const move = { output: order.output, data: order.data, folder: quarantine };
      const plan = await planMove(move);
      expect(plan).toMatchObject({ images: 5 });
      expect(plan.description).toContain('Nothing is deleted');
      expect(await moveSuspects(move)).toEqual({ images: 5, folder: quarantine });
      for (const name of names)
        expect(readdirSync(path.dirname(path.join(quarantine, name)))).not.toEqual([]);
      const gone = await ask({ which: 'suspected' });
      expect(gone.samples.map(({ image }) => image)).toEqual([null, null, null, null, null]);
      const held = await ask({ which: 'suspected', quarantine });
      expect(held.samples.map(({ image }) => image)).toEqual(
        first.samples.slice(0, 5).map(({ image }) => image),
      );
      expect(await releaseSuspects(quarantine)).toEqual({ images: 5, folder: quarantine });
      expect((await ask({ which: 'suspected' })).samples.every(({ image }) => image !== null)).toBe(true);
    }),
  );

  it('follows no name out of the quarantine folder', () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const order = orderOf(folder, 'out');
      await splitDataset(toyOptions(folder), quiet());
      const listFile = path.join(order.output, 'suspects.json');
      const list = JSON.parse(readFileSync(listFile, 'utf8')) as { samples: { path: string }[] };
      mkdirSync(path.join(folder, 'quarantine'));
      renameSync(path.join(folder, 'test/red/0.png'), path.join(folder, 'secret.png'));
      list.samples[0]!.path = '../secret.png';
      writeFileSync(listFile, JSON.stringify(list));
      const { output, data } = order;
      const page = await suspectPage(
        {
          output,
          data,
          quarantine: path.join(folder, 'quarantine'),
          which: 'all',
          label: null,
          from: 0,
          count: 1,
        },
        quiet(),
      );
      expect(page.samples[0]).toMatchObject({ path: '../secret.png', image: null });
    }));
});
