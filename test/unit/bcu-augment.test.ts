import { describe, expect, it } from 'vitest';
import { augment, STANDARD } from '../../src/data/augment';
import { Random } from '../../src/data/random';

const SIZE = { width: 7, height: 5 };
const BYTES = SIZE.width * SIZE.height * 3;

/** `count` images whose bytes all differ from 0. */
function images(count: number): Uint8Array {
  return Uint8Array.from({ length: count * BYTES }, (_, i) => 1 + ((i * 37) % 255));
}

/** The same by definition: pixel by pixel from an image with a black border. */
function reference(image: Uint8Array, pad: number, top: number, left: number, mirrored: boolean): Uint8Array {
  const { width, height } = SIZE;
  const at = (row: number, column: number, channel: number): number => {
    const [y, x] = [row + top - pad, column + left - pad];
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : image[(y * width + x) * 3 + channel]!;
  };
  return Uint8Array.from({ length: BYTES }, (_, i) => {
    const column = Math.floor(i / 3) % width;
    return at(Math.floor(i / 3 / width), mirrored ? width - 1 - column : column, i % 3);
  });
}

describe('augmentation', () => {
  it.each([0, 2, 4, 6])('crops out of a black border of %i and mirrors, equally often everywhere', (pad) => {
    const image = images(1);
    const all = new Map<string, number>();
    for (let top = 0; top <= 2 * pad; top++)
      for (let left = 0; left <= 2 * pad; left++)
        for (const mirrored of [false, true])
          all.set(Buffer.from(reference(image, pad, top, left, mirrored)).toString('hex'), 0);
    const draws = 200 * all.size;
    const many = new Uint8Array(draws * BYTES);
    for (let i = 0; i < draws; i++) many.set(image, i * BYTES);
    const out = augment(many, SIZE, { pad, flip: true }, new Random(3));
    for (let i = 0; i < draws; i++) {
      const key = Buffer.from(out.subarray(i * BYTES, (i + 1) * BYTES)).toString('hex');
      expect(all.has(key)).toBe(true);
      all.set(key, all.get(key)! + 1);
    }
    // Where the border is wider than the image, several offsets leave nothing of it and look the same.
    const rare = [...all.values()].filter((count) => count < 100 || count > 320);
    expect(rare.length).toBeLessThanOrEqual(pad >= SIZE.height ? 1 : 0);
  });

  it('leaves images alone where nothing is asked for, and its input always', () => {
    const before = images(9);
    const given = before.slice();
    expect(augment(given, SIZE, { pad: 0, flip: false }, new Random(0))).toEqual(before);
    augment(given, SIZE, STANDARD, new Random(0));
    expect(given).toEqual(before);
  });

  it('repeats itself for a seed and refuses part of an image', () => {
    expect(augment(images(50), SIZE, STANDARD, new Random(1))).toEqual(
      augment(images(50), SIZE, STANDARD, new Random(1)),
    );
    expect(augment(images(50), SIZE, STANDARD, new Random(1))).not.toEqual(
      augment(images(50), SIZE, STANDARD, new Random(2)),
    );
    expect(() => augment(images(1).subarray(1), SIZE, STANDARD, new Random(0))).toThrow(RangeError);
  });

  it('mirrors the image at a reflecting border, its outermost pixels not repeated', () => {
    const { width, height } = SIZE;
    const image = images(1);
    // PyTorch: F.pad(arange(7), (3, 3), 'reflect') = 3 2 1 0 1 2 3 4 5 6 5 4 3
    const padded = (length: number): number[] => [
      ...[3, 2, 1],
      ...Array.from({ length }, (_, i) => i),
      ...[length - 2, length - 3, length - 4],
    ];
    const [columns, rows] = [padded(width), padded(height)];
    const expected = new Set<string>();
    for (let top = 0; top <= 6; top++)
      for (let left = 0; left <= 6; left++) {
        const crop = rows
          .slice(top, top + height)
          .flatMap((y) =>
            columns
              .slice(left, left + width)
              .flatMap((x) => [...image.subarray((y * width + x) * 3, (y * width + x + 1) * 3)]),
          );
        expected.add(Buffer.from(crop).toString('hex'));
      }
    const random = new Random(5);
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i++)
      seen.add(
        Buffer.from(augment(image, SIZE, { pad: 3, border: 'reflect', flip: false }, random)).toString('hex'),
      );
    expect(seen).toEqual(expected);
  });

  it('refuses a reflecting border as wide as the image', () => {
    const border = { pad: 5, border: 'reflect', flip: false } as const;
    expect(() => augment(images(1), SIZE, border, new Random(0))).toThrow(RangeError);
  });
});
