import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decoding/decode';
import { NpzFile } from '../../src/data/formats/npz';
import type { Image } from '../../src/data/image';
import { openDataset } from '../../src/data/open-dataset';
import { fitImage } from '../../src/data/resize';

const SHARED = path.join(import.meta.dirname, '../../../shared');
const GOLDEN = path.join(SHARED, 'golden');

/** What Pillow 9.4 and torchvision's rules make of photographs; skipped where the reference folder is absent. */
describe.skipIf(!existsSync(GOLDEN))('reference photographs', () => {
  let reference: NpzFile;
  beforeAll(() => {
    reference = new NpzFile(path.join(GOLDEN, 'images.npz'));
  });
  afterAll(() => reference.close());

  const open = (name: string) => decodeImage(readFileSync(path.join(GOLDEN, 'images', `${name}.jpg`)), name);
  function expectSame(image: Image, key: string): void {
    const { header, values } = reference.read(key);
    expect([image.height, image.width, 3]).toEqual(header.shape);
    let most = 0;
    for (const [i, value] of image.data.entries()) most = Math.max(most, Math.abs(value - Number(values[i])));
    expect(most).toBe(0);
  }

  it.each(['photo0', 'photo1', 'photo2', 'photo3', 'cifar', 'small'])(
    '%s is decoded exactly',
    async (name) => {
      expectSame(await open(name), `${name}.decoded`);
    },
  );

  it.each(['photo0', 'photo1', 'photo2', 'photo3'])('%s is resized and cropped exactly', async (name) => {
    const image = await open(name);
    for (const filter of ['bilinear', 'bicubic'] as const) {
      const fit = fitImage(image, { width: 224, height: 224, resize: 256, filter }, name);
      expectSame(fit, `${name}.resize256.${filter}.crop224`);
    }
    expectSame(
      fitImage(image, { width: 32, height: 32, resize: null, filter: 'bilinear' }, name),
      `${name}.resize32x32.bilinear`,
    );
  });

  it('lists the training set in its archive', async () => {
    const set = await openDataset(path.join(SHARED, 'data/cifar10/train.zip'));
    expect(set.samples).toHaveLength(50_000);
    expect(set.classes).toHaveLength(10);
    expect(set.skipped).toEqual([]);
  });
});
