import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/data/dataset';
import { decodeImage } from '../../src/data/decoding/decode';
import { openFolder } from '../../src/data/folder';
import { DecodeWorker } from '../../src/data/loading/decode-worker';
import { KeptBatches, type PixelLoader } from '../../src/data/loading/kept-batches';
import { loadBatches, loadPixels, type LoadOptions } from '../../src/data/loading/load-batches';
import { fitImage } from '../../src/data/resize';
import { toTensor } from '../../src/data/tensor';
import { CancelledError, DataError } from '../../src/protocol/errors';
import type { Preprocessing } from '../../src/protocol/preprocessing';

const SHARED = path.join(import.meta.dirname, '../../../shared');
const FIXTURES = path.join(import.meta.dirname, '../fixtures/data/images');
const FIT = { width: 32, height: 32, resize: null, filter: 'bilinear' } as const;
const PREPROCESSING: Preprocessing = {
  ...FIT,
  layout: 'nchw',
  channels: 'rgb',
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
  source: 'options',
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'scour-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function fill(count: number): Sample[] {
  const kinds = ['rgb.png', 'sampling-1.jpg', 'lossy.webp'];
  for (let i = 0; i < count; i++) {
    copyFileSync(path.join(FIXTURES, kinds[i % 3]!), path.join(root, `${String(i).padStart(3, '0')}.png`));
  }
  return [...openFolder(root).samples];
}
const failing = (skipped: Parameters<LoadOptions['onSkip']>[0]): never => {
  throw new Error(skipped.failure.message);
};

describe('loadBatches', () => {
  it('gives every image, in order, as the model takes it', async () => {
    const samples = fill(10);
    const sizes: number[] = [];
    const seen: string[] = [];
    for await (const batch of loadBatches(samples, PREPROCESSING, { batchSize: 4, onSkip: failing })) {
      sizes.push(batch.samples.length);
      for (const [i, sample] of batch.samples.entries()) {
        const image = fitImage(
          await decodeImage(readFileSync(path.join(root, sample.name)), sample.name),
          FIT,
          sample.name,
        );
        expect(batch.input.slice(i * 3072, (i + 1) * 3072)).toEqual(toTensor(image.data, 1, PREPROCESSING));
        seen.push(sample.name);
      }
      expect(batch.labels).toEqual(batch.samples.map(() => null));
      expect(batch.input.length).toBe(batch.samples.length * 3072);
    }
    expect(sizes).toEqual([4, 4, 2]);
    expect(seen).toEqual(samples.map(({ name }) => name));
  });

  it('reports images that cannot be decoded and goes on', async () => {
    const samples = fill(9);
    truncateSync(path.join(root, '001.png'), 300);
    writeFileSync(path.join(root, '004.png'), 'no image');
    for (const gone of ['006.png', '007.png', '008.png']) rmSync(path.join(root, gone));
    const skipped: string[] = [];
    const sizes: number[] = [];
    for await (const batch of loadPixels(samples, FIT, {
      batchSize: 3,
      onSkip: ({ sample, failure }) => skipped.push(`${sample.name} ${failure.reason}`),
    })) {
      sizes.push(batch.samples.length);
      expect(batch.pixels.length).toBe(batch.samples.length * 3072);
    }
    expect(sizes).toEqual([2, 2]);
    expect(skipped).toEqual([
      '001.png unreadable-image',
      '004.png unsupported-image',
      '006.png not-found',
      '007.png not-found',
      '008.png not-found',
    ]);
  });

  it('stops at once when it is aborted', async () => {
    const samples = fill(30);
    const controller = new AbortController();
    const run = async (): Promise<number> => {
      let batches = 0;
      for await (const batch of loadPixels(samples, FIT, {
        batchSize: 5,
        onSkip: failing,
        signal: controller.signal,
      })) {
        batches += batch.samples.length > 0 ? 1 : 0;
        controller.abort();
      }
      return batches;
    };
    await expect(run()).rejects.toBeInstanceOf(CancelledError);
    await expect(run()).rejects.toBeInstanceOf(CancelledError);
  });

  it('ends its thread when the loop is left early', async () => {
    const samples = fill(30);
    for (let i = 0; i < 10; i++) {
      for await (const batch of loadPixels(samples, FIT, { batchSize: 5, onSkip: failing })) {
        expect(batch.samples).toHaveLength(5);
        break;
      }
    }
    const ports = process.getActiveResourcesInfo().filter((each) => each === 'MessagePort');
    expect(ports).toHaveLength(0);
  });

  it('rejects what waits for a thread that fails, and what comes after', async () => {
    const worker = new DecodeWorker();
    const broken = worker.decode(null as never);
    const waiting = worker.decode({ locations: [], fit: FIT });
    const results = await Promise.allSettled([broken, waiting]);
    results.push(...(await Promise.allSettled([worker.decode({ locations: [], fit: FIT })])));
    for (const result of results) {
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(DataError);
    }
    await worker.stop();
  });

  it('yields nothing for nothing', async () => {
    for await (const batch of loadPixels([], FIT, { batchSize: 5, onSkip: failing })) {
      throw new Error(`${batch.samples.length} images`);
    }
  });
});

describe.skipIf(!existsSync(SHARED))('the reference folders', () => {
  it.each([
    ['unlabeled', null],
    ['test', 10],
  ])('%s: 5000 images', async (folder, classes) => {
    const set = openFolder(path.join(SHARED, 'data/cifar10', folder));
    expect(set.classes?.length ?? null).toBe(classes);
    let count = 0;
    for await (const batch of loadPixels(set.samples, FIT, { batchSize: 256, onSkip: failing })) {
      count += batch.samples.length;
    }
    expect(count).toBe(5000);
  });
});

describe('KeptBatches', () => {
  /** Everything a pass gives: pixels, names, and what is skipped. */
  async function passOf(load: PixelLoader, samples: readonly Sample[], signal?: AbortSignal) {
    const skipped: string[] = [];
    const batches: { pixels: string; names: string[] }[] = [];
    const onSkip: LoadOptions['onSkip'] = ({ sample, failure }) =>
      skipped.push(`${sample.name} ${failure.reason}`);
    for await (const batch of load(samples, FIT, { batchSize: 4, onSkip, ...(signal ? { signal } : {}) }))
      batches.push({
        pixels: Buffer.from(batch.pixels).toString('base64'),
        names: batch.samples.map(({ name }) => name),
      });
    return { batches, skipped };
  }

  it('gives what was decoded once, also when the files are gone, and tells of skips anew', async () => {
    const samples = fill(10);
    truncateSync(path.join(root, '001.png'), 300);
    const decoded = await passOf(loadPixels, samples);
    const kept = new KeptBatches();
    expect(await passOf(kept.load, samples)).toEqual(decoded);
    for (const { name } of samples) rmSync(path.join(root, name));
    expect(await passOf(kept.load, samples)).toEqual(decoded);
    expect(decoded.skipped).toEqual(['001.png unreadable-image']);
    expect((await passOf(loadPixels, samples)).skipped).toHaveLength(10);
    await expect(passOf(kept.load, samples, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError);
  });

  it('keeps no more than there is room for, nothing of a pass that was left, and lists apart', async () => {
    const samples = fill(10);
    const others = samples.slice(0, 5);
    const kept = new KeptBatches(12 * 32 * 32 * 3);
    for await (const batch of kept.load(samples, FIT, { batchSize: 4, onSkip: failing }))
      if (batch.samples.length > 0) break;
    const first = await passOf(kept.load, samples);
    expect(await passOf(kept.load, others)).toEqual(await passOf(loadPixels, others));
    for (const { name } of samples) rmSync(path.join(root, name));
    // The first list is kept, and leaves no room for the second.
    expect(await passOf(kept.load, samples)).toEqual(first);
    expect((await passOf(kept.load, others)).skipped).toHaveLength(5);
  });
});
