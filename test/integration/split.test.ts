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
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { describeLabelled } from '../../src/engine/jobs/seed-gallery';
import { splitDataset } from '../../src/engine/jobs/split';
import type { SplitOptions } from '../../src/engine/jobs/split-options';
import { openOnnx } from '../../src/model/onnx/open';
import { CancelledError, DataError } from '../../src/protocol/errors';
import { SplitReportSchema, SuspectListSchema } from '../../src/protocol/split';
import { splitText } from '../../src/report/split-text';
import { ContextAtTick } from '../support/at-tick';
import { scour } from '../support/cli';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { BRIEF, CLASSES, PER_CLASS, POISONED, toyOptions, writeToySet } from '../support/split';

const FILES = ['model.onnx', 'report.json', 'suspects.csv', 'suspects.json'];

function inToySet(use: (folder: string) => Promise<void> | void): Promise<void> {
  return inTemporaryFolder((folder) => {
    writeToySet(folder);
    return use(folder);
  });
}

function filesIn(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file, 'base64')]),
  );
}

describe('splitting a dataset', () => {
  it('finds the poison, and trains a model that it does not fool', { timeout: 120_000 }, () =>
    inToySet(async (folder) => {
      const inputs = filesIn(folder);
      const settings = {
        ...BRIEF,
        epochs: { 'class-aware': 6, 'class-agnostic': 2, 'meta-split': 2 },
        iterations: 20,
        cleanShare: 0.6,
        metaShare: 0.6,
        metaRate: 0.003,
      };
      const monitor = {
        test: path.join(folder, 'test'),
        triggered: { folder: path.join(folder, 'triggered'), target: 0 },
      };
      const report = await splitDataset(toyOptions(folder, { settings, monitor }), quiet());
      expect(v.is(SplitReportSchema, report)).toBe(true);
      expect(readdirSync(path.join(folder, 'out')).sort()).toEqual(FILES);
      const list = v.parse(
        SuspectListSchema,
        JSON.parse(readFileSync(path.join(folder, 'out/suspects.json'), 'utf8')),
      );
      expect(list.samples).toHaveLength(CLASSES.length * PER_CLASS + POISONED);
      const found = list.samples.filter(({ path: name, suspected }) => suspected && name.includes('poison'));
      expect(found.length / POISONED).toBeGreaterThanOrEqual(0.9);
      expect(found.length / list.suspected).toBeGreaterThanOrEqual(0.5);
      const last = report.history.at(-1)!;
      expect(last.monitored!.acc).toBeGreaterThan(90);
      expect(last.monitored!.asr).toBeLessThan(10);
      expect(report.history.map(({ clean }) => clean)).toEqual([16, 28, 40, 52, 64, 76, 63, 63, 63, 63]);
      // What was read is as it was; nothing lies beside the results.
      const after = filesIn(folder);
      for (const [file, content] of inputs) expect(after.get(file)).toBe(content);
      expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);

      const text = splitText(report);
      expect(text).toMatch(/Suspected: \d+ images of 106/);
      expect(text).not.toMatch(/(is|are) clean/i);
      const csv = readFileSync(path.join(folder, 'out/suspects.csv'), 'utf8').split('\r\n');
      expect(csv[0]).toBe('rank,path,label,predicted,loss,score,pool,suspected');
      expect(csv[1]).toContain(list.samples[0]!.path);
      expect(csv).toHaveLength(list.samples.length + 2);
    }),
  );

  it('resumed in the middle of an epoch, gives the same files', { timeout: 120_000 }, () =>
    inToySet(async (folder) => {
      const once = await splitDataset(toyOptions(folder, { output: path.join(folder, 'once') }), quiet());
      const resumable = { saveEvery: 0, output: path.join(folder, 'parts') };
      for (const [epoch, resume] of [
        [2, false],
        [4, true],
      ] as const) {
        const cut = splitDataset(
          toyOptions(folder, { ...resumable, resume }),
          ContextAtTick.cancelled(new RegExp(`^Epoch ${epoch} of 4: MixMatch`), 3),
        );
        await expect(cut).rejects.toThrow(CancelledError);
        expect(existsSync(resumable.output)).toBe(false);
      }
      await expect(splitDataset(toyOptions(folder, resumable), quiet())).rejects.toThrow('--resume');
      const other = { ...BRIEF, seed: 1 };
      await expect(
        splitDataset(toyOptions(folder, { ...resumable, resume: true, settings: other }), quiet()),
      ).rejects.toMatchObject({ reason: 'bad-checkpoint' });
      const again = await splitDataset(toyOptions(folder, { ...resumable, resume: true }), quiet());
      expect(again.sha256).toBe(once.sha256);
      for (const file of ['model.onnx', 'suspects.csv', 'suspects.json'])
        expect(readFileSync(path.join(resumable.output, file))).toEqual(
          readFileSync(path.join(folder, 'once', file)),
        );
      const lasting = ({ history }: typeof once) => history.map((epoch) => ({ ...epoch, seconds: 0 }));
      expect(lasting(again)).toEqual(lasting(once));
      expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    }),
  );

  it('keeps nothing of the weights that the architecture came with', { timeout: 60_000 }, () =>
    inToySet(async (folder) => {
      await splitDataset(toyOptions(folder), quiet());
      const [before, after] = [
        openOnnx(path.join(folder, 'net.onnx')),
        openOnnx(path.join(folder, 'out/model.onnx')),
      ];
      for (const [name, tensor] of before.model.graph.initializers) {
        const old = Array.from(before.reader.values(tensor));
        const made = Array.from(after.reader.values(after.model.graph.initializers.get(name)!));
        expect(made).toHaveLength(old.length);
        expect(made.some((value, i) => value === old[i])).toBe(false);
      }
      expect(after.model.metadata.get('scour.provenance')).toContain('"method":"ASD"');
      before.close();
      after.close();
    }),
  );

  it('takes a list of names for seeds', { timeout: 60_000 }, () =>
    inToySet(async (folder) => {
      const seeds = path.join(folder, 'seeds.txt');
      const names = CLASSES.flatMap((name) => [0, 1, 2, 3].map((i) => `${name}/${i}.png`));
      writeFileSync(seeds, `${names.join('\r\n')}\n`);
      const byName = await splitDataset(
        toyOptions(folder, { seeds, output: path.join(folder, 'a') }),
        quiet(),
      );
      const byPixels = await splitDataset(toyOptions(folder), quiet());
      expect(byName.sha256).toBe(byPixels.sha256);
      writeFileSync(seeds, `${[...names, 'blue/none.png'].join('\n')}\n`);
      await expect(
        splitDataset(toyOptions(folder, { seeds, output: path.join(folder, 'b') }), quiet()),
      ).rejects.toThrow(/1 seed cannot be found in .*'blue\/none.png'/);
    }),
  );
});

describe('where the images come from', () => {
  it(
    'makes no difference: a folder, an archive, and a set that is too large to be kept',
    { timeout: 120_000 },
    () =>
      inToySet(async (folder) => {
        const data = path.join(folder, 'data');
        execFileSync('tar', ['-czf', path.join(folder, 'data.tar.gz'), ...readdirSync(data)], { cwd: data });
        const notes: string[] = [];
        const run = (output: string, changes: Partial<SplitOptions>) =>
          splitDataset(toyOptions(folder, { output: path.join(folder, output), ...changes }), quiet());
        const kept = await run('kept', {});
        const archive = await run('archive', { data: path.join(folder, 'data.tar.gz') });
        const anew = await run('anew', { keepPixels: 1000, onNote: (note) => notes.push(note) });
        expect(notes.join()).toContain('decoded anew in every pass');
        for (const other of [archive, anew]) {
          expect(other.sha256).toBe(kept.sha256);
          expect(other.suspects).toEqual(kept.suspects);
        }
      }),
  );
});

describe('what is wrong with the data is said, and nothing is written', () => {
  const remove = (folder: string, name: string): void => rmSync(path.join(folder, name), { recursive: true });
  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'too few seeds',
      (folder) => remove(folder, 'seeds/red/seed-0.png'),
      /must hold 4 different .*: red has 3.*--seeds-per-class/,
    ],
    [
      'a corrupt seed',
      (folder) => writeFileSync(path.join(folder, 'seeds/red/seed-0.png'), 'no image'),
      /red has 3\. 1 file of it could not be read/,
    ],
    [
      'a seed that is not in the dataset',
      (folder) => copyFileSync(path.join(folder, 'test/red/0.png'), path.join(folder, 'seeds/red/new.png')),
      /1 seed cannot be found in .*'red\/new.png'/,
    ],
    [
      'a seed of another class in the dataset',
      (folder) => copyFileSync(path.join(folder, 'data/green/9.png'), path.join(folder, 'seeds/red/odd.png')),
      /'red\/odd.png' is 'green\/9.png' in the dataset, under another class/,
    ],
    [
      'seeds in folders of other names',
      (folder) => {
        mkdirSync(path.join(folder, 'seeds/yellow'));
        copyFileSync(path.join(folder, 'data/red/0.png'), path.join(folder, 'seeds/yellow/0.png'));
      },
      /'yellow' is named like no class of the dataset \(blue, green, red, white\)/,
    ],
    [
      'a class without readable images',
      (folder) => {
        for (const name of readdirSync(path.join(folder, 'data/white')))
          writeFileSync(path.join(folder, 'data/white', name), 'no image');
      },
      /white|seeds? cannot be found/,
    ],
    [
      'more classes than the architecture has',
      (folder) => {
        for (const part of ['data', 'seeds']) {
          mkdirSync(path.join(folder, part, 'yellow'));
          for (const i of [0, 1, 2, 3, 4])
            copyFileSync(path.join(folder, `test/red/${i}.png`), path.join(folder, part, `yellow/${i}.png`));
        }
      },
      /The dataset has 5 classes, but .* gives scores for 4/,
    ],
    [
      'no labels',
      (folder) => {
        for (const name of CLASSES) remove(folder, `data/${name}`);
        copyFileSync(path.join(folder, 'test/red/0.png'), path.join(folder, 'data/0.png'));
      },
      /has no labels/,
    ],
  ])('%s', { timeout: 60_000 }, (_, spoil, message) =>
    inToySet(async (folder) => {
      spoil(folder);
      await expect(splitDataset(toyOptions(folder), quiet())).rejects.toThrow(message);
      expect(existsSync(path.join(folder, 'out'))).toBe(false);
    }),
  );

  it('a dataset that changed since the run was interrupted', { timeout: 60_000 }, () =>
    inToySet(async (folder) => {
      const cut = splitDataset(toyOptions(folder), ContextAtTick.cancelled(/^Epoch 2 of 4: MixMatch/, 2));
      await expect(cut).rejects.toThrow(CancelledError);
      copyFileSync(path.join(folder, 'test/red/0.png'), path.join(folder, 'data/red/9.png'));
      await expect(splitDataset(toyOptions(folder, { resume: true }), quiet())).rejects.toMatchObject({
        reason: 'bad-checkpoint',
      });
      expect(existsSync(path.join(folder, 'out'))).toBe(false);
    }),
  );

  it.each([
    ['notes.txt', 'no images at all', /is not a dataset that can be read/],
    ['data.zip', 'no archive', /data\.zip/],
    ['images.npy', Buffer.from('\x93NUMPY'), /images\.npy/],
  ])('a file that is no dataset: %s', (name, content, message) =>
    inToySet(async (folder) => {
      const data = path.join(folder, name);
      writeFileSync(data, content);
      await expect(splitDataset(toyOptions(folder, { data }), quiet())).rejects.toThrow(message);
      await expect(describeLabelled(data, quiet())).rejects.toThrow(DataError);
    }),
  );

  it('an archive without labels', () =>
    inToySet(async (folder) => {
      const data = path.join(folder, 'flat.tar.gz');
      execFileSync('tar', ['-czf', data, '0.png', '1.png'], { cwd: path.join(folder, 'test/red') });
      await expect(describeLabelled(data, quiet())).rejects.toThrow(/flat\.tar\.gz has no labels/);
    }));

  it('seeds that a list names and that can no longer be read', { timeout: 60_000 }, () =>
    inToySet(async (folder) => {
      const seeds = path.join(folder, 'seeds.txt');
      writeFileSync(seeds, CLASSES.flatMap((name) => [0, 1, 2, 3].map((i) => `${name}/${i}.png`)).join('\n'));
      writeFileSync(path.join(folder, 'data/red/2.png'), 'no image');
      await expect(splitDataset(toyOptions(folder, { seeds }), quiet())).rejects.toThrow(
        /1 seed cannot be found in .*'red\/2\.png'/,
      );
    }),
  );

  it('an output within the data, or a folder with something in it', () =>
    inToySet(async (folder) => {
      await expect(
        splitDataset(toyOptions(folder, { output: path.join(folder, 'data/out') }), quiet()),
      ).rejects.toMatchObject({ reason: 'is-input' });
      await expect(
        splitDataset(toyOptions(folder, { output: path.join(folder, 'test') }), quiet()),
      ).rejects.toMatchObject({ reason: 'exists' });
    }));

  it('small classes and images that cannot be read have notes', { timeout: 60_000 }, () =>
    inToySet(async (folder) => {
      for (let i = 4; i < 18; i++) rmSync(path.join(folder, `data/white/${i}.png`));
      writeFileSync(path.join(folder, 'data/red/20.png'), 'no image');
      const notes: string[] = [];
      const report = await splitDataset(toyOptions(folder, { onNote: (note) => notes.push(note) }), quiet());
      expect(notes.join('\n')).toMatch(/more than half of what 1 class has: white \(10\)/);
      expect(notes.join('\n')).toMatch(/1 image could not be read/);
      expect(report.data.skipped.map(({ path: name }) => name)).toEqual(['red/20.png']);
    }),
  );
});

describe('scour split', () => {
  it('runs, and says how to use it where something is missing', { timeout: 60_000 }, () =>
    inToySet((folder) => {
      const run = (...more: string[]) =>
        scour(
          'split',
          ...['--data', path.join(folder, 'data'), '--seeds', path.join(folder, 'seeds')],
          ...['--architecture', path.join(folder, 'net.onnx'), '--output', path.join(folder, 'out')],
          ...more,
        );
      expect(run('--epochs', '1,2').code).toBe(4);
      expect(run('--triggered', folder).stderr).toContain('--test');
      expect(run().stderr).toContain('must hold 10');
      const brief = ['--epochs', '1,1,1', '--iterations', '2', '--seeds-per-class', '4', '--threads', '1'];
      const { code, stdout, stderr } = run(...brief, '--format', 'json', '--mean', '0.5', '--std', '0.25');
      expect(stderr).not.toContain('unexpected');
      expect(code).toBe(0);
      const report = v.parse(SplitReportSchema, JSON.parse(stdout));
      expect(report.settings.labelledBatch).toBe(64);
      const held = path.join(folder, 'held');
      const move = [
        'quarantine',
        path.join(folder, 'out/suspects.json'),
        '--data',
        path.join(folder, 'data'),
      ];
      const before = filesIn(path.join(folder, 'data'));
      expect(scour(...move, '--output', held).stdout).toContain(`${report.suspects.suspected} images of`);
      expect(existsSync(held)).toBe(false);
      expect(scour(...move, '--output', held, '--yes').code).toBe(0);
      expect(filesIn(path.join(folder, 'data')).size).toBe(before.size - report.suspects.suspected);
      expect(scour('quarantine', held, '--undo').code).toBe(0);
      expect(filesIn(path.join(folder, 'data'))).toEqual(before);
      expect(readdirSync(path.join(folder, 'out')).sort()).toEqual(FILES);
    }),
  );
});
