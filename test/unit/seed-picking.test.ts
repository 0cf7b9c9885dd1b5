import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/data/encoding/png';
import { decodePng } from '../../src/data/decoding/png';
import { describeLabelled, seedPage } from '../../src/engine/jobs/seed-gallery';
import { digestOf, seedList, unlistable, withPick } from '../../src/host/splitting/picks';
import { INITIAL_PLAN, obstacle } from '../../src/host/splitting/plan';
import type { SeedPageParams, SeedQuery } from '../../src/protocol/seed-picking';
import { inTemporaryFolder, quiet } from '../support/jobs';

const SIZES = [
  [4, 3],
  [1, 1],
  [600, 300],
] as const;

/** Images of several sizes in two classes, one file of which is no image. */
function inDataset(use: (data: string) => Promise<void>): Promise<void> {
  return inTemporaryFolder((folder) => {
    for (const name of ['cat', 'dog']) {
      mkdirSync(path.join(folder, name));
      for (let i = 0; i < 40; i++) {
        const [width, height] = SIZES[i % SIZES.length]!;
        const data = new Uint8Array(width * height * 3).fill(i);
        writeFileSync(path.join(folder, name, `${i}.png`), encodePng({ width, height, data }));
      }
    }
    writeFileSync(path.join(folder, 'dog/39.png'), 'no image');
    return use(folder);
  });
}

describe('the gallery that seeds are picked from', () => {
  const ask = (data: string, query: Partial<SeedQuery>, rest: Partial<SeedPageParams> = {}) =>
    seedPage(
      {
        data,
        query: { label: 1, order: 'random', shuffle: 1, from: 0, ...query },
        picked: [],
        count: 24,
        ...rest,
      },
      quiet(),
    );

  it('counts classes', () =>
    inDataset(async (data) => {
      expect(await describeLabelled(data, quiet())).toEqual({
        images: 80,
        classes: [
          { name: 'cat', images: 40 },
          { name: 'dog', images: 40 },
        ],
        skipped: 0,
      });
    }));

  it('shows every image of a class once, whole and unchanged unless it is large', () =>
    inDataset(async (data) => {
      const pages = [await ask(data, {}), await ask(data, { from: 24 })];
      expect(pages.map(({ label, total, samples }) => [label, total, samples.length])).toEqual([
        ['dog', 40, 24],
        ['dog', 40, 16],
      ]);
      const samples = pages.flatMap((page) => page.samples);
      expect(new Set(samples.map(({ name }) => name)).size).toBe(40);
      for (const { name, picture } of samples) {
        const i = Number(path.basename(name, '.png'));
        if (i === 39) {
          expect(picture).toBeNull();
          continue;
        }
        const [width, height] = i % 3 === 2 ? [192, 96] : SIZES[i % 3]!;
        expect(picture).toMatchObject({ width, height });
        const decoded = decodePng(Buffer.from(picture!.png, 'base64'), name);
        expect([decoded.width, decoded.height, decoded.data[0]]).toEqual([width, height, i]);
      }
    }));

  it('shuffles to the same order again, and to another one for another number', () =>
    inDataset(async (data) => {
      const names = async (query: Partial<SeedQuery>) =>
        (await ask(data, query)).samples.map(({ name }) => name);
      const first = await names({});
      expect(await names({})).toEqual(first);
      expect(await names({ shuffle: 2 })).not.toEqual(first);
      expect((await names({ order: 'listed' })).slice(0, 2)).toEqual(['dog/0.png', 'dog/1.png']);
    }));

  it('shows the picked ones, also one that is gone', () =>
    inDataset(async (data) => {
      const picked = ['dog/7.png', 'dog/gone.png'];
      const { total, samples } = await ask(data, { order: 'picked' }, { picked });
      expect(total).toBe(2);
      expect(samples.map(({ name, picture }) => [name, picture === null])).toEqual([
        ['dog/7.png', false],
        ['dog/gone.png', true],
      ]);
      await expect(ask(data, { label: 2 })).rejects.toThrow(/no class 2/);
    }));
});

describe('picked seeds', () => {
  const picks = withPick(withPick([], 'dog', 'dog/2.png', true), 'cat', 'cat/1.png', true);

  it('become a list, one name a line, and are picked once', () => {
    expect(seedList(withPick(picks, 'dog', 'dog/2.png', true))).toBe('cat/1.png\ndog/2.png\n');
    expect(withPick(picks, 'dog', 'dog/2.png', false)).toEqual([{ label: 'cat', names: ['cat/1.png'] }]);
    expect(unlistable(withPick(picks, 'dog', 'dog/ 3.png ', true))).toEqual(['dog/ 3.png ']);
  });

  it('must be saved before a run, and saved again once they changed', () => {
    const plan = { ...INITIAL_PLAN, architecture: '/net.onnx', output: '/out', picks };
    expect(obstacle(plan)).toBe('Save the list of picked seeds first.');
    const saved = { file: '/seeds.txt', digest: digestOf(picks) };
    expect(obstacle({ ...plan, saved, seeds: saved.file })).toBeNull();
    const more = withPick(picks, 'dog', 'dog/3.png', true);
    expect(obstacle({ ...plan, saved, seeds: saved.file, picks: more })).toBe(
      'Save the list of picked seeds first.',
    );
    expect(obstacle({ ...plan, saved, seeds: '/other', picks: more })).toBeNull();
  });
});
