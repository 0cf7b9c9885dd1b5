import { readFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decoding/decode';
import { checkDimensions, type Image } from '../../src/data/image';
import { centreCrop, fitImage, resize, type Filter } from '../../src/data/resize';
import { DataError } from '../../src/protocol/errors';

const FIXTURES = path.join(import.meta.dirname, '../fixtures/data');
interface Expected {
  file: string;
  width: number;
  height: number;
  offset: number;
}
/** Made by make-images.py: what Pillow 9.4 decodes and resizes. */
const expected = JSON.parse(readFileSync(path.join(FIXTURES, 'expected.json'), 'utf8')) as Expected[];
const pixels = inflateSync(readFileSync(path.join(FIXTURES, 'expected.bin')));
const pixelsOf = ({ offset, width, height }: Expected) =>
  pixels.subarray(offset, offset + width * height * 3);
const fixture = (name: string) => readFileSync(path.join(FIXTURES, 'images', name));

async function failure(bytes: Uint8Array): Promise<DataError> {
  const thrown: unknown = await decodeImage(bytes, 'folder/image').catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(DataError);
  const error = thrown as DataError;
  expect(error.path).toBe('folder/image');
  expect(error.message).toContain('folder/image');
  return error;
}

function expectSame(image: Image, reference: Expected): void {
  expect([image.width, image.height]).toEqual([reference.width, reference.height]);
  const wanted = pixelsOf(reference);
  const wrong = wanted.findIndex((value, i) => image.data[i] !== value);
  expect(wrong === -1 ? 'equal' : `byte ${wrong}: ${image.data[wrong]}, not ${wanted[wrong]}`).toBe('equal');
}

describe('decoding', () => {
  it.each(expected.filter(({ file }) => !file.includes(' ')))(
    "$file has Pillow's pixels",
    async (reference) => {
      expectSame(await decodeImage(fixture(reference.file), reference.file), reference);
    },
  );

  it('goes by content, not by name', async () => {
    const image = await decodeImage(fixture('sampling-0.jpg'), 'misleading.png');
    expect(image.width).toBe(37);
  });

  it('does not apply the EXIF orientation', async () => {
    const image = await decodeImage(fixture('rotated.jpg'), 'rotated.jpg');
    expect([image.width, image.height]).toEqual([37, 23]);
  });
});

describe('resizing', () => {
  it.each(expected.filter(({ file }) => file.includes(' ')))("$file is Pillow's", async (reference) => {
    const [file, filter] = reference.file.split(' ') as [string, Filter];
    const image = await decodeImage(fixture(file), file);
    expectSame(resize(image, reference.width, reference.height, filter), reference);
  });
});

describe('fitting', () => {
  /** One channel of each pixel of the top row. */
  const row = (image: Image) => Array.from({ length: image.width }, (_, x) => image.data[x * 3]!);
  const ramp = (width: number): Image => ({
    width,
    height: 4,
    data: Uint8Array.from({ length: width * 12 }, (_, i) => Math.floor(i / 3) % width),
  });

  it('crops the middle, half a pixel rounded to even, as torchvision does', () => {
    // torchvision: int(round((width − crop) / 2)): 0.5 → 0, 1.5 → 2, 2.5 → 2.
    expect(row(centreCrop(ramp(5), 4, 4))[0]).toBe(0);
    expect(row(centreCrop(ramp(7), 4, 4))[0]).toBe(2);
    expect(row(centreCrop(ramp(9), 4, 4))[0]).toBe(2);
    expect(row(centreCrop(ramp(8), 4, 4))).toEqual([2, 3, 4, 5]);
  });

  it('pads a smaller image with black, more on the far side', () => {
    const image = centreCrop({ ...ramp(4), data: new Uint8Array(48).fill(9) }, 7, 4);
    expect(row(image)).toEqual([0, 9, 9, 9, 9, 0, 0]);
  });

  it('refuses to blow up a sliver', () => {
    const sliver: Image = { width: 1, height: 16_384, data: new Uint8Array(16_384 * 3) };
    const fit = { width: 224, height: 224, resize: 256, filter: 'bilinear' } as const;
    expect(() => fitImage(sliver, fit, 'sliver.png')).toThrow(DataError);
    expect(fitImage(sliver, { ...fit, resize: null }, 'sliver.png').data.length).toBe(224 * 224 * 3);
  });
});

describe('hostile images', () => {
  const files = [...new Set(expected.map(({ file }) => file.split(' ')[0]!))];

  it('refuses what is no image', async () => {
    expect((await failure(new Uint8Array())).reason).toBe('unreadable-image');
    expect((await failure(Buffer.from('GIF89a'))).reason).toBe('unsupported-image');
    expect((await failure(new Uint8Array(1000))).reason).toBe('unsupported-image');
  });

  it.each(files)('%s cut short anywhere is an error', async (file) => {
    const whole = fixture(file);
    const optional = optionalTail(file);
    for (let share = 0; share < 12; share++) {
      const length = Math.floor(((whole.length - optional) * share) / 12);
      await failure(whole.subarray(0, length));
    }
    await failure(whole.subarray(0, whole.length - optional - 1));
  });

  it.each(files)('%s with damaged bytes is decoded or refused, nothing else', async (file) => {
    const whole = fixture(file);
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(whole);
      damaged[(i * 7919) % damaged.length]! ^= 1 << (i % 8);
      damaged[(i * 104_729) % damaged.length] = 0xff;
      const result: unknown = await decodeImage(damaged, file).catch((error: unknown) => error);
      if (!(result instanceof DataError)) {
        const image = result as Image;
        expect(image.data.length).toBe(image.width * image.height * 3);
      }
    }
    // The decoder still works after all that.
    const reference = expected.find((each) => each.file === file)!;
    expectSame(await decodeImage(whole, file), reference);
  });

  it('refuses dimensions before it allocates', async () => {
    const huge = Buffer.from(fixture('rgb.png'));
    huge.writeUInt32BE(0x7fffffff, 16);
    huge.writeUInt32BE(crcOf(huge.subarray(12, 29)), 29);
    expect((await failure(huge)).reason).toBe('too-large');
    const jpeg = Buffer.from(fixture('sampling-0.jpg'));
    jpeg.writeUInt16BE(65_000, jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    expect((await failure(jpeg)).reason).toBe('too-large');
    const bmp = Buffer.from(fixture('rgb.bmp'));
    bmp.writeInt32LE(-2_147_483_648, 22);
    expect((await failure(bmp)).reason).toBe('too-large');
    expect((await failure(Buffer.from('P6 16384 16384 255\n'))).reason).toBe('too-large');
    const webp = Buffer.from(fixture('lossless.webp'));
    webp.fill(0xff, 21, 24);
    expect((await failure(webp)).reason).not.toBe('unsupported-image');
    expect(() => checkDimensions(8192, 8192, 'x')).not.toThrow();
    expect(() => checkDimensions(8193, 8192, 'x')).toThrow(DataError);
    expect(() => checkDimensions(0, 5, 'x')).toThrow(DataError);
  });

  it('does not unpack a decompression bomb', async () => {
    const bomb = pngWith(fixture('rgb.png'), deflateSync(new Uint8Array(200 * 1024 * 1024)));
    const before = process.memoryUsage().rss;
    expect((await failure(bomb)).message).toContain('too long');
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('refuses a progressive JPEG with endless scans', async () => {
    const whole = fixture('progressive.jpg');
    const scan = whole.indexOf(Buffer.from([0xff, 0xda]));
    const next = whole.indexOf(Buffer.from([0xff, 0xda]), scan + 2);
    const once = whole.subarray(scan, next);
    const many = Buffer.concat([
      whole.subarray(0, next),
      ...Array<Buffer>(200).fill(once),
      whole.subarray(next),
    ]);
    expect((await failure(many)).message).toContain('scans');
  });

  it('verifies the checksums of PNG', async () => {
    const damaged = Buffer.from(fixture('rgb.png'));
    damaged[45]! ^= 1;
    expect((await failure(damaged)).message).toContain('checksum');
  });
});

/** Bytes at the end without which every pixel is still there. */
function optionalTail(file: string): number {
  if (file.startsWith('plain')) return 12; // A number cut short is still a number.
  if (file.endsWith('.png')) return 16; // The end chunk, and the checksum before it.
  if (file.endsWith('.jpg')) return 4; // The end marker, and padding bits.
  if (file.endsWith('.webp')) return 2; // Padding.
  return 0;
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** `png` with other compressed data. */
function pngWith(png: Buffer, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from('IDAT'), data]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crcOf(body));
  return Buffer.concat([png.subarray(0, 33), frame, body, crc, png.subarray(png.length - 12)]);
}
