import type { Image } from '../data/image';
import type { PATTERNS } from '../protocol/attack';

export type Pattern = (typeof PATTERNS)[number];

/** The 3 × 3 squares of METHODS.md §4, row by row: 1 is white, 0 black. */
const CELLS: Readonly<Record<Pattern, string>> = {
  checkerboard: '101 010 101',
  bcu: '001 010 101',
  white: '111 111 111',
};

/** A named pattern as a picture of `size` × `size` pixels, its 3 × 3 cells enlarged without blending. */
export function patternImage(pattern: Pattern, size: number): Image {
  const rows = CELLS[pattern].split(' ');
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const isWhite = rows[cell(y, size)]![cell(x, size)] === '1';
      data.fill(isWhite ? 255 : 0, (y * size + x) * 3, (y * size + x + 1) * 3);
    }
  }
  return { width: size, height: size, data };
}

/** The cell that holds the middle of a pixel: the picture stays symmetric at any size. */
function cell(position: number, size: number): number {
  return Math.floor(((position + 0.5) * 3) / size);
}
