import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../src/data/folder';
import { loadPixels } from '../../src/data/loading/load-batches';

const SHARED = path.join(import.meta.dirname, '../../../shared');
const FIT = { width: 32, height: 32, resize: null, filter: 'bilinear' } as const;

describe.skipIf(!existsSync(SHARED))('loading the reference folders', () => {
  it.each([
    ['unlabeled', null],
    ['test', 10],
  ])('%s: 5000 images', async (folder, classes) => {
    const set = openFolder(path.join(SHARED, 'data/cifar10', folder));
    expect(set.classes?.length ?? null).toBe(classes);
    let count = 0;
    for await (const batch of loadPixels(set.samples, FIT, {
      batchSize: 256,
      onSkip: ({ failure }) => {
        throw new Error(failure.message);
      },
    })) {
      count += batch.samples.length;
    }
    expect(count).toBe(5000);
  });
});
