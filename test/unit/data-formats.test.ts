import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset';
import { decodeImage } from '../../src/data/decoding/decode';
import { parseNpyHeader } from '../../src/data/formats/npy';
import { NpzFile } from '../../src/data/formats/npz';
import { decodeBatch } from '../../src/data/loading/decode-batch';
import { loadPixels } from '../../src/data/loading/load-batches';
import { readSample } from '../../src/data/loading/read-sample';
import { openDataset } from '../../src/data/open-dataset';
import { DataError } from '../../src/protocol/errors';

const FIXTURES = path.join(import.meta.dirname, '../fixtures/data');
const dataset = (name: string) => path.join(FIXTURES, 'datasets', name);

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'scour-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The pixel that make-datasets.py put at channel c of image n. */
const pixel = (n: number, c: number, y: number, x: number) => (n * 37 + c * 50 + y * 3 + x * 5) % 256;

async function expectPixels(set: Dataset, width: number, height: number, channels: 1 | 3): Promise<void> {
  for (const [n, { location }] of set.samples.entries()) {
    const image = await readSample(location);
    expect([image.width, image.height]).toEqual([width, height]);
    const wanted = Array.from({ length: width * height * 3 }, (_, i) => {
      const at = Math.floor(i / 3);
      return pixel(n, channels === 1 ? 0 : i % 3, Math.floor(at / width), at % width);
    });
    expect([...image.data]).toEqual(wanted);
  }
}
async function refusal(file: string): Promise<DataError> {
  try {
    await openDataset(file);
  } catch (thrown) {
    if (thrown instanceof DataError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}
const labels = (set: Dataset) => set.samples.map(({ label }) => label);

describe('archives', () => {
  it.each(['stored.zip', 'deflated.zip', 'ustar.tar', 'gnu.tar', 'pax.tar', 'packed.tar.gz'])(
    '%s is read in place',
    async (name) => {
      const set = await openDataset(dataset(name));
      const samples = set.samples.filter((sample) => !sample.name.includes('long-'));
      const isTar = name.includes('.tar');
      expect(set.classes).toEqual(isTar ? ['Dog', 'cat', 'long-'.repeat(28)] : ['Dog', 'cat']);
      expect(samples.map((sample) => [sample.name, sample.label])).toEqual([
        ['train/Dog/c.webp', 0],
        ['train/cat/a.png', 1],
        ['train/cat/b.jpg', 1],
      ]);
      expect(set.skipped.map((each) => each.path)).toEqual(['train/notes.txt']);
      if (isTar) expect(set.samples.at(-1)?.name).toBe(`train/${'long-'.repeat(28)}/${'x'.repeat(60)}.png`);
      const files = ['lossy.webp', 'rgb.png', 'sampling-1.jpg'];
      for (const [i, sample] of samples.entries()) {
        const wanted = await decodeImage(readFileSync(path.join(FIXTURES, 'images', files[i]!)), files[i]!);
        expect(await readSample(sample.location)).toEqual(wanted);
      }
    },
  );

  it('a flat archive is unlabelled', async () => {
    const set = await openDataset(dataset('flat.zip'));
    expect(set.classes).toBeNull();
    expect(set.samples.map(({ name }) => name)).toEqual(['grey.jpg', 'rgb.png']);
  });

  it('reads a compressed archive on the decoding thread, and refuses one cut short', async () => {
    const set = await openDataset(dataset('packed.tar.gz'));
    const fit = { width: 4, height: 4, resize: null, filter: 'bilinear' } as const;
    const seen: string[] = [];
    const onSkip = ({ failure }: { failure: { message: string } }) => {
      throw new Error(failure.message);
    };
    for await (const { samples } of loadPixels(set.samples, fit, { batchSize: 3, onSkip })) {
      seen.push(...samples.map(({ name }) => name));
    }
    expect(seen).toEqual(set.samples.map(({ name }) => name));
    const file = path.join(root, 'x.tgz');
    writeFileSync(file, readFileSync(dataset('packed.tar.gz')).subarray(0, 3000));
    expect((await refusal(file)).message).toContain('damaged or truncated');
  });

  it('names the image of an archive that is damaged, and goes on', async () => {
    const damaged = readFileSync(dataset('stored.zip'));
    damaged[damaged.indexOf('IDAT') + 20]! ^= 1;
    const file = path.join(root, 'damaged.zip');
    writeFileSync(file, damaged);
    const set = await openDataset(file);
    const { decoded, failures } = await decodeBatch({
      locations: set.samples.map(({ location }) => location),
      fit: { width: 4, height: 4, resize: null, filter: 'bilinear' },
    });
    expect(decoded).toEqual([0, 2]);
    expect(failures).toMatchObject([{ index: 1, reason: 'unreadable-image' }]);
    expect(failures[0]?.message).toMatch(/damaged\.zip:train\/cat\/a\.png.*checksum/);
  });

  it.each([
    ['stored.zip', 2000],
    ['deflated.zip', 2000],
    ['gnu.tar', 2000],
    ['gnu.tar', 3072],
  ])('%s cut to %i bytes is an error', async (name, length) => {
    const whole = readFileSync(dataset(name));
    const file = path.join(root, name);
    writeFileSync(file, whole.subarray(0, length));
    expect((await refusal(file)).message).toContain(file);
  });

  it('refuses a tar member of an absurd size', async () => {
    const tar = readFileSync(dataset('gnu.tar'));
    tar.write('77777777777', 124, 'latin1');
    tar.fill(0x20, 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const file = path.join(root, 'x.tar');
    writeFileSync(file, tar);
    expect((await refusal(file)).message).toContain('truncated');
  });
});

describe('CIFAR, binary', () => {
  it('reads CIFAR-10 with its class names', async () => {
    const set = await openDataset(dataset('cifar-10-batches-bin'));
    expect(set.classes?.slice(0, 3)).toEqual(['airplane', 'automobile', 'bird']);
    expect(set.classes).toHaveLength(10);
    expect(labels(set)).toEqual([0, 4, 8]);
    await expectPixels(set, 32, 32, 3);
    expect(
      (await openDataset(path.join(dataset('cifar-10-batches-bin'), 'test_batch.bin'))).samples,
    ).toHaveLength(3);
  });

  it('reads CIFAR-100 with its fine labels', async () => {
    const set = await openDataset(dataset('cifar-100-binary'));
    expect(set.classes).toHaveLength(100);
    expect(labels(set)).toEqual([0, 4, 8]);
    await expectPixels(set, 32, 32, 3);
  });

  it.each([
    ['cifar-10-batches-bin', 'test_batch.bin', ['data_batch_1.bin', 'data_batch_2.bin'], []],
    ['cifar-100-binary', 'test.bin', ['train.bin'], []],
    ['cifar-10-batches-py', 'test_batch', ['data_batch_1', 'data_batch_2'], ['batches.meta']],
  ])('of %s the training part can be asked for', async (folder, test, train, others) => {
    const copy = (from: string, to: string): void =>
      copyFileSync(path.join(dataset(folder), from), path.join(root, to));
    for (const name of [test, ...others]) copy(name, name);
    const files = async (part?: 'train'): Promise<string[]> => {
      const { samples } = await openDataset(root, part);
      return [...new Set(samples.map(({ name }) => path.dirname(name)))];
    };
    expect(await files('train')).toEqual([test]);
    for (const name of train) copy(test, name);
    expect(await files('train')).toEqual(train);
    expect(await files()).toEqual([test]);
    expect(new Set((await openDataset(root, 'train')).samples.map(({ name }) => name)).size).toBe(
      train.length * (await openDataset(root)).samples.length,
    );
  });

  it('refuses what is cut short or has impossible labels', async () => {
    const file = path.join(root, 'test_batch.bin');
    const whole = readFileSync(path.join(dataset('cifar-10-batches-bin'), 'test_batch.bin'));
    writeFileSync(file, whole.subarray(0, 5000));
    expect((await refusal(file)).message).toContain('truncated');
    whole[3073] = 10;
    writeFileSync(file, whole);
    expect((await refusal(file)).message).toContain('record 1 has label 10');
  });
});

describe('CIFAR, Python', () => {
  it.each([
    ['cifar-10-batches-py', 'test_batch', 22],
    ['cifar-100-python', 'test', 2],
  ])('%s is read without running its pickle', async (folder, file, count) => {
    const set = await openDataset(dataset(folder));
    expect(set.samples).toHaveLength(count);
    expect(set.classes?.[3]).toBe('class3');
    expect(labels(set)).toEqual(Array.from({ length: count }, (_, i) => i % 10));
    await expectPixels(set, 32, 32, 3);
    expect((await openDataset(path.join(dataset(folder), file))).samples).toHaveLength(count);
  });

  it('refuses what is cut short, or disagrees with itself', async () => {
    copyFileSync(path.join(dataset('cifar-10-batches-py'), 'batches.meta'), path.join(root, 'batches.meta'));
    const whole = readFileSync(path.join(dataset('cifar-10-batches-py'), 'test_batch'));
    const file = path.join(root, 'test_batch');
    writeFileSync(file, whole.subarray(0, 30_000));
    expect((await refusal(root)).reason).toBe('unreadable-image');
    // One label fewer than images.
    writeFileSync(file, Buffer.concat([whole.subarray(0, -5), whole.subarray(-3)]));
    expect((await refusal(root)).message).toContain('one a label');
  });
});

describe('IDX', () => {
  it.each(['t10k-images-idx3-ubyte', 'packed-images-idx3-ubyte.gz'])('%s', async (name) => {
    const set = await openDataset(dataset(name));
    expect(labels(set)).toEqual([3, 0, 9, 1]);
    expect(set.classes).toHaveLength(10);
    await expectPixels(set, 20, 28, 1);
  });

  it('is unlabelled without its labels, and crosses to the decoding thread', async () => {
    const file = path.join(root, 'some-images-idx3-ubyte.gz');
    copyFileSync(dataset('packed-images-idx3-ubyte.gz'), file);
    const set = await openDataset(file);
    expect(set.classes).toBeNull();
    const fit = { width: 20, height: 28, resize: null, filter: 'bilinear' } as const;
    for await (const { pixels } of loadPixels(set.samples, fit, {
      batchSize: 4,
      onSkip: ({ failure }) => {
        throw new Error(failure.message);
      },
    })) {
      expect(pixels[20 * 28 * 3]).toBe(pixel(1, 0, 0, 0));
      expect(pixels[(28 * 20 + 27 * 20 + 19) * 3 + 2]).toBe(pixel(1, 0, 27, 19));
    }
  });

  it('refuses sizes that disagree, and bombs', async () => {
    const whole = readFileSync(dataset('t10k-images-idx3-ubyte'));
    const file = path.join(root, 'a-images-idx3-ubyte');
    writeFileSync(file, whole.subarray(0, 1000));
    expect((await refusal(file)).message).toContain('4 × 28 × 20');
    writeFileSync(file, whole);
    writeFileSync(path.join(root, 'a-labels-idx1-ubyte'), Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 5]));
    expect((await refusal(file)).message).toContain('1 labels, but there are 4 images');
    const packed = `${file}.gz`;
    writeFileSync(packed, gzipSync(whole).subarray(0, 600));
    expect((await refusal(packed)).reason).toBe('unreadable-image');
  });
});

describe('NumPy', () => {
  it.each([
    ['keras.npz', 5, 6, 3, [2, 0, 1]],
    ['packed.npz', 5, 6, 3, [2, 0, 1]],
    ['grey.npz', 5, 6, 1, [null, null, null]],
  ] as const)('%s', async (name, width, height, channels, wanted) => {
    const set = await openDataset(dataset(name));
    expect(labels(set)).toEqual(wanted);
    expect(set.classes).toEqual(wanted[0] === null ? null : ['0', '1', '2']);
    await expectPixels(set, width, height, channels);
  });

  it.each([
    ['mnist/test_images', [2, 0, 1]],
    ['cifar-10-c/fog', [2, 0, 1]],
    ['alone/data', [null, null, null]],
  ])('%s.npy, labelled by the array beside it', async (name, wanted) => {
    const set = await openDataset(dataset(`npy/${name}.npy`));
    expect(labels(set)).toEqual(wanted);
    await expectPixels(set, 5, 6, 3);
  });

  it('refuses an .npy file that is cut short or does not fit its labels', async () => {
    const whole = readFileSync(dataset('npy/cifar-10-c/fog.npy'));
    const file = path.join(root, 'fog.npy');
    writeFileSync(file, whole.subarray(0, -1));
    expect((await refusal(file)).message).toContain('truncated');
    writeFileSync(file, whole);
    copyFileSync(dataset('fortran.npy'), path.join(root, 'labels.npy'));
    expect((await refusal(file)).message).toContain(path.join(root, 'labels.npy'));
  });

  it('reads every numeric type, and byte orders', () => {
    const file = new NpzFile(dataset('arrays.npz'));
    const read = (name: string) => {
      const { header, values } = file.read(name);
      return [header.shape, ...Array.from(values as ArrayLike<number | bigint>, Number)];
    };
    expect(read('f4')).toEqual([[2], 1.5, -2.25]);
    expect(read('big')).toEqual([[3], 1, -2, 300]);
    expect(read('i8')).toEqual([[2, 3], 0, 1, 2, 3, 4, 5]);
    expect(read('b1')).toEqual([[], 1]);
    expect(read('f8')).toEqual([[4], 0, 1 / 3, 2 / 3, 1]);
    expect(read('none')).toEqual([[0, 3]]);
    expect(() => file.read('missing')).toThrow(DataError);
    file.close();
  });

  it('never reads Python objects, nor what is no image', async () => {
    expect((await refusal(dataset('objects.npz'))).reason).toBe('unsupported-image');
    expect((await refusal(dataset('floats.npz'))).message).toContain('f4, 3 × 3 × 6 × 5');
    expect(() => parseNpyHeader(readFileSync(dataset('fortran.npy')), 'x')).toThrow(/Fortran/);
  });

  it('bounds and matches the header', () => {
    const header = (text: string) => {
      const bytes = Buffer.alloc(10 + text.length);
      bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
      bytes.writeUInt16LE(text.length, 8);
      bytes.write(text, 10);
      return () => parseNpyHeader(bytes, 'x');
    };
    const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
    expect(header(good)()).toMatchObject({ type: 'u1', shape: [2, 3], elements: 6 });
    expect(header(good.replace('(2, 3)', `(${'9'.repeat(20)}, 3)`))).toThrow(/makes no sense/);
    expect(header(good.replace('(2, 3)', '(__import__("os"),)'))).toThrow(/does not say/);
    expect(header(good.replace('|u1', '|O'))).toThrow(DataError);
    expect(header(good.replace('|u1', '|V9'))).toThrow(/not read/);
  });
});

describe('GTSRB', () => {
  const HEAD = 'Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId';
  beforeEach(() => {
    for (const name of ['00000.ppm', '00001.ppm', '00002.ppm']) {
      copyFileSync(path.join(FIXTURES, 'images/raw.ppm'), path.join(root, name));
    }
  });
  const list = (...lines: string[]) =>
    writeFileSync(path.join(root, 'GT-final_test.csv'), lines.join('\r\n') + '\r\n');

  it('labels test images by their list', async () => {
    list(HEAD, '00000.ppm;53;54;6;5;48;49;16', '00002.ppm;42;45;5;5;36;40;1');
    const set = await openDataset(root);
    expect(set.samples.map(({ name, label }) => [name, label])).toEqual([
      ['00000.ppm', 16],
      ['00002.ppm', 1],
    ]);
    expect(set.classes?.[16]).toBe('00016');
    expect(set.skipped.map((each) => each.path)).toContain('00001.ppm');
  });

  it('refuses a list without labels, or with nonsense', async () => {
    list('Filename;Width;Height', '00000.ppm;53;54');
    expect((await refusal(root)).message).toContain('ClassId');
    list(HEAD, '00000.ppm;53;54;6;5;48;49;x');
    expect((await refusal(root)).message).toContain('line 2');
    list(HEAD, 'other.ppm;53;54;6;5;48;49;3');
    expect((await refusal(root)).message).toContain('none of the images');
  });
});

describe('openDataset', () => {
  it('refuses what it does not know', async () => {
    expect((await refusal(path.join(root, 'missing'))).reason).toBe('not-found');
    const file = path.join(root, 'x.bin');
    writeFileSync(file, 'something else');
    expect((await refusal(file)).reason).toBe('bad-layout');
    writeFileSync(file, '');
    expect((await refusal(file)).reason).toBe('bad-layout');
  });
});
