import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset';
import { decodeImage } from '../../src/data/decoding/decode';
import { checkPages } from '../../src/data/formats/parquet-pages';
import { loadPixels } from '../../src/data/loading/load-batches';
import { readSample } from '../../src/data/loading/read-sample';
import { openDataset } from '../../src/data/open-dataset';
import { DataError } from '../../src/protocol/errors';

const FIXTURES = path.join(import.meta.dirname, '../fixtures/data');
/** Made by Hugging Face's exporter and by pyarrow: see make-parquet.py. */
const PARQUET = path.join(FIXTURES, 'datasets/parquet');
const HUB = path.join(PARQUET, 'hub');
const NAMES = ['rgb.png', 'sampling-1.jpg', 'lossy.webp', 'grey.png', 'rgb.bmp'];

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'scour-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function expectImages(set: Dataset, names: readonly string[]): Promise<void> {
  expect(set.samples).toHaveLength(names.length);
  for (const [i, { location }] of set.samples.entries()) {
    const file = path.join(FIXTURES, 'images', names[i]!);
    expect(await readSample(location)).toEqual(await decodeImage(readFileSync(file), file));
  }
}

async function outcomeOf(run: Promise<unknown>): Promise<unknown> {
  return await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
}

async function refusal(run: Promise<unknown>): Promise<DataError> {
  const outcome = await outcomeOf(run);
  if (outcome instanceof DataError) return outcome;
  throw new Error(`not refused: ${String(outcome)}`);
}

describe('Parquet as Hugging Face exports it', () => {
  it('reads the shards of a split with the names of its classes', async () => {
    const set = await openDataset(path.join(HUB, 'train'));
    expect(set.classes).toEqual(['cat', 'dog', 'bird']);
    expect(set.samples.map(({ label }) => label)).toEqual([2, 0, 1, 2, 0]);
    expect(set.samples.map(({ name }) => name)).toEqual([
      'train-00000-of-00002.parquet/0/0',
      'train-00000-of-00002.parquet/0/1',
      'train-00000-of-00002.parquet/1/0',
      'train-00001-of-00002.parquet/0/0',
      'train-00001-of-00002.parquet/0/1',
    ]);
    expect(set.skipped).toEqual([]);
    await expectImages(set, NAMES);
  });

  it('reads a file, and leaves out what has no label', async () => {
    const set = await openDataset(path.join(HUB, 'test-00000-of-00001.parquet'));
    expect(set.classes).toEqual(['cat', 'dog', 'bird']);
    expect(set.skipped).toEqual([{ path: 'test-00000-of-00001.parquet/0/1', reason: 'it has no label' }]);
    await expectImages(set, ['rgb.png']);
  });

  it('is unlabelled where all labels are hidden', async () => {
    const set = await openDataset(path.join(PARQUET, 'hidden.parquet'));
    expect(set.classes).toBeNull();
    await expectImages(set, NAMES.slice(0, 2));
  });

  it('asks which split of a folder is meant', async () => {
    const { message } = await refusal(openDataset(HUB));
    expect(message).toContain('2 splits');
    expect(message).toContain(path.join(HUB, 'train'));
  });

  it('opens a folder of one split, and names a shard that is not there', async () => {
    copyFileSync(
      path.join(HUB, 'train-00001-of-00002.parquet'),
      path.join(root, 'train-00001-of-00002.parquet'),
    );
    const set = await openDataset(root);
    expect(set.skipped).toEqual([{ path: 'shard 0 of 2', reason: 'it is not there' }]);
    await expectImages(set, NAMES.slice(3));
    mkdirSync(path.join(root, 'cat'));
    copyFileSync(path.join(FIXTURES, 'images/rgb.png'), path.join(root, 'cat/a.png'));
    expect((await openDataset(root)).classes).toEqual(['cat']);
  });

  it('takes the fine labels of two, and other names', async () => {
    const set = await openDataset(path.join(PARQUET, 'two-labels.parquet'));
    expect(set.classes).toEqual(['a', 'b', 'c']);
    expect(set.samples.map(({ label }) => label)).toEqual([2, 1, 0]);
    await expectImages(set, NAMES.slice(0, 3));
  });

  it.each(['gzip', 'brotli', 'none'])('reads %s without metadata', async (codec) => {
    const set = await openDataset(path.join(PARQUET, `${codec}.parquet`));
    expect(set.classes).toEqual(['0', '1']);
    expect(set.samples.map(({ label }) => label)).toEqual([1, 0]);
    expect(set.skipped).toHaveLength(1);
    await expectImages(set, NAMES.slice(0, 2));
  });

  it('crosses to the decoding thread', async () => {
    const set = await openDataset(path.join(HUB, 'train'));
    const fit = { width: 8, height: 8, resize: null, filter: 'bilinear' } as const;
    const seen: string[] = [];
    const onSkip = ({ failure }: { failure: { message: string } }) => {
      throw new Error(failure.message);
    };
    for await (const { samples } of loadPixels(set.samples, fit, { batchSize: 2, onSkip })) {
      seen.push(...samples.map(({ name }) => name));
    }
    expect(seen).toEqual(set.samples.map(({ name }) => name));
  });
});

describe('Parquet that is refused', () => {
  it('names what it cannot read', async () => {
    expect((await refusal(openDataset(path.join(PARQUET, 'text.parquet')))).message).toContain('"text"');
    const zstd = await refusal(openDataset(path.join(PARQUET, 'zstd.parquet')));
    expect(zstd.message).toMatch(/'label' is packed with ZSTD/);
    const paths = await openDataset(path.join(PARQUET, 'paths.parquet'));
    const { message } = await refusal(readSample(paths.samples[0]!.location));
    expect(message).toContain('only the path "/home/x/cat.png"');
  });

  it('survives truncation, and damage to the footer and the page headers', async () => {
    const whole = readFileSync(path.join(PARQUET, 'gzip.parquet'));
    const file = path.join(root, 'x.parquet');
    const read = async () => {
      const set = await openDataset(file);
      for (const { location } of set.samples) await readSample(location);
    };
    for (let length = 0; length < whole.length; length += 211) {
      writeFileSync(file, whole.subarray(0, length));
      expect(await outcomeOf(read())).toBeInstanceOf(DataError);
    }
    const footer = whole.readUInt32LE(whole.length - 8);
    const damaged = [...Array(60).keys(), ...Array.from({ length: footer }, (_, i) => whole.length - 8 - i)];
    for (const [i, at] of damaged.entries()) {
      if (i % 6 === 0) {
        const flip = i % 12 === 0 ? 0xff : 0x7f;
        const copy = Buffer.from(whole);
        copy[at]! ^= flip;
        writeFileSync(file, copy);
        const outcome = await outcomeOf(read());
        if (outcome !== null) expect(outcome).toBeInstanceOf(DataError);
      }
    }
  });

  /** The header of a data page, in Thrift's compact protocol, of `size` bytes unpacked (a zigzag varint) and one value. */
  const pageHeader = (size: number[]) => [21, 0, 21, ...size, 21, 0, 44, 21, 2, 21, 0, 21, 6, 21, 6, 0, 0];
  it.each([
    [
      'a page that announces more than is read at once',
      [pageHeader([0xfe, 0xff, 0xff, 0xff, 0x0f])],
      /more than/,
    ],
    ['more values than rows', [pageHeader([2]), pageHeader([2])], /1 rows announces 2 values/],
    ['fewer values than rows', [], /1 rows holds 0 values/],
  ])('refuses %s, before anything is unpacked', (_, pages, message) => {
    const file = path.join(root, 'x.parquet');
    const bytes = pages.flat();
    writeFileSync(file, Uint8Array.from([0, 0, 0, 0, ...bytes]));
    const chunk = {
      path_in_schema: ['image', 'bytes'],
      codec: 'SNAPPY',
      type: 'BYTE_ARRAY',
      encodings: [],
      num_values: 1n,
      total_uncompressed_size: 1n,
      total_compressed_size: BigInt(bytes.length),
      data_page_offset: 4n,
    } as const;
    expect(() =>
      checkPages(file, { ...chunk, path_in_schema: [...chunk.path_in_schema], encodings: [] }, 1, 1e9),
    ).toThrow(message);
  });

  it('refuses a footer of an absurd size', async () => {
    const file = path.join(root, 'x.parquet');
    const copy = readFileSync(path.join(PARQUET, 'none.parquet'));
    copy.writeUInt32LE(0x7fffffff, copy.length - 8);
    writeFileSync(file, copy);
    expect((await refusal(openDataset(file))).reason).toBe('too-large');
  });
});
