import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { planQuarantine, quarantine, releaseQuarantine, suspectedIn } from '../../src/engine/jobs/quarantine';
import { inTemporaryFolder } from '../support/jobs';

const NAMES = ['cat/1.png', 'cat/deep/2.png', 'dog/3.png'];

function inDataset(use: (data: string, held: string, folder: string) => Promise<void> | void): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const data = path.join(folder, 'data');
    for (const name of [...NAMES, 'dog/4.png']) {
      mkdirSync(path.dirname(path.join(data, name)), { recursive: true });
      writeFileSync(path.join(data, name), name);
    }
    await use(data, path.join(folder, 'quarantine'), folder);
  });
}

function treeOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]),
  );
}

describe('quarantine', () => {
  it('moves images out and back, and loses nothing', () =>
    inDataset(async (data, held) => {
      const before = treeOf(data);
      await quarantine(planQuarantine(data, NAMES, held), held);
      expect(Object.keys(treeOf(data))).toEqual(['dog/4.png']);
      expect(existsSync(path.join(data, 'cat'))).toBe(true);
      expect(treeOf(held)).toMatchObject(Object.fromEntries(NAMES.map((name) => [name, name])));
      expect(releaseQuarantine(held)).toBe(3);
      expect(treeOf(data)).toEqual(before);
      expect(existsSync(held)).toBe(false);
    }));

  it('undoes a move that was cut short', () =>
    inDataset(async (data, held) => {
      const before = treeOf(data);
      await quarantine(planQuarantine(data, NAMES, held), held);
      // As if the first file had not been moved yet.
      writeFileSync(path.join(data, NAMES[0]!), NAMES[0]!);
      rmSync(path.join(held, NAMES[0]!));
      expect(releaseQuarantine(held)).toBe(2);
      expect(treeOf(data)).toEqual(before);
    }));

  it('puts nothing back over another file', () =>
    inDataset(async (data, held) => {
      await quarantine(planQuarantine(data, NAMES, held), held);
      writeFileSync(path.join(data, NAMES[2]!), 'new');
      expect(() => releaseQuarantine(held)).toThrow(/exists by now.*Nothing was moved/);
      expect(Object.keys(treeOf(held))).toHaveLength(4);
      expect(readFileSync(path.join(data, NAMES[2]!), 'utf8')).toBe('new');
    }));

  it.each([
    ['a name that leaves the folder', '../secret.txt'],
    ['an absolute name', '/etc/passwd'],
    ['a name with a backslash', 'cat\\1.png'],
    ['a folder', 'cat'],
    ['a link', 'dog/link.png'],
    ['a file behind a linked folder', 'linked/secret.png'],
    ['a file that is not there', 'cat/none.png'],
  ])('refuses %s, and moves nothing', (_, name) =>
    inDataset((data, held, folder) => {
      writeFileSync(path.join(folder, 'secret.txt'), 'secret');
      mkdirSync(path.join(folder, 'elsewhere'));
      writeFileSync(path.join(folder, 'elsewhere/secret.png'), 'secret');
      symlinkSync(path.join(folder, 'secret.txt'), path.join(data, 'dog/link.png'));
      symlinkSync(path.join(folder, 'elsewhere'), path.join(data, 'linked'));
      expect(() => planQuarantine(data, [NAMES[0]!, name], held)).toThrow();
      expect(existsSync(held)).toBe(false);
    }),
  );

  it('refuses archives, folders within the dataset, and folders in use', () =>
    inDataset((data, held, folder) => {
      writeFileSync(path.join(folder, 'data.zip'), 'PK');
      expect(() => planQuarantine(path.join(folder, 'data.zip'), NAMES, held)).toThrow(/not a folder/);
      expect(() => planQuarantine(data, NAMES, path.join(data, 'held'))).toThrow(/taken for a class/);
      mkdirSync(held);
      writeFileSync(path.join(held, 'mine.txt'), '');
      expect(() => planQuarantine(data, NAMES, held)).toThrow(/not empty/);
    }));

  it('refuses a manifest that leads elsewhere', () =>
    inDataset((data, held) => {
      mkdirSync(held);
      const manifest = { schema: 'scour.quarantine/1', data, files: ['../data/dog/4.png'] };
      writeFileSync(path.join(held, 'quarantine.json'), JSON.stringify(manifest));
      expect(() => releaseQuarantine(held)).toThrow(/no plain file/);
      writeFileSync(path.join(held, 'quarantine.json'), JSON.stringify({ ...manifest, data: '.' }));
      expect(() => releaseQuarantine(held)).toThrow(/no list of a quarantine/);
    }));

  it('reads the suspected of a list, and nothing else', () =>
    inDataset((_, __, folder) => {
      const file = path.join(folder, 'suspects.json');
      writeFileSync(file, '{"schema": "other"}');
      expect(() => suspectedIn(file)).toThrow(/no list of suspects/);
      writeFileSync(file, 'nothing');
      expect(() => suspectedIn(file)).toThrow(/not JSON/);
      const sample = { rank: 1, label: 'cat', predicted: 'dog', loss: 9, score: 8, pool: 'polluted' };
      const samples = [
        { ...sample, path: 'cat/1.png', suspected: true },
        { ...sample, path: 'cat/2.png', suspected: false },
      ];
      writeFileSync(
        file,
        JSON.stringify({ schema: 'scour.suspects/1', data: 'd', threshold: 4, suspected: 1, samples }),
      );
      expect(suspectedIn(file)).toEqual(['cat/1.png']);
    }));
});
