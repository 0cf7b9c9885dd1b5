/** How PNG stores a pixel: samples (1 grey or index, 2 grey and alpha, 3 RGB, 4 RGBA) of `depth` bits, big-endian. */
export interface PixelFormat {
  samples: 1 | 2 | 3 | 4;
  depth: 1 | 2 | 4 | 8 | 16;
  /** 256 RGB entries, black where the file has none, for indexed images; null otherwise. */
  palette: Uint8Array | null;
}

/**
 * Writes one unfiltered row as RGB: `columns` pixels read from `raw` at `start`, written to `out` from `to` on, `step`
 * bytes apart (more than 3 in interlaced images).
 */
export function expandRow(
  raw: Uint8Array,
  start: number,
  columns: number,
  pixel: PixelFormat,
  out: Uint8Array,
  to: number,
  step: number,
): void {
  const { samples, depth, palette } = pixel;
  if (depth < 8) {
    expandPacked(raw, start, columns, depth, palette, out, to, step);
    return;
  }
  const bytesPerSample = depth >> 3;
  const bytesPerPixel = samples * bytesPerSample;
  const [green, blue] = samples >= 3 ? [bytesPerSample, 2 * bytesPerSample] : [0, 0];
  for (let column = 0; column < columns; column++) {
    const from = start + column * bytesPerPixel;
    const target = to + column * step;
    if (palette) {
      const entry = raw[from]! * 3;
      out[target] = palette[entry]!;
      out[target + 1] = palette[entry + 1]!;
      out[target + 2] = palette[entry + 2]!;
    } else {
      out[target] = raw[from]!;
      out[target + 1] = raw[from + green]!;
      out[target + 2] = raw[from + blue]!;
    }
  }
}

function expandPacked(
  raw: Uint8Array,
  start: number,
  columns: number,
  depth: number,
  palette: Uint8Array | null,
  out: Uint8Array,
  to: number,
  step: number,
): void {
  const perByte = 8 / depth;
  const mask = (1 << depth) - 1;
  const scale = 255 / mask;
  for (let column = 0; column < columns; column++) {
    const byte = raw[start + Math.floor(column / perByte)]!;
    const value = (byte >> (8 - depth * ((column % perByte) + 1))) & mask;
    const target = to + column * step;
    if (palette) out.set(palette.subarray(value * 3, value * 3 + 3), target);
    else out.fill(value * scale, target, target + 3);
  }
}
