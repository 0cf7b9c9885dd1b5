import type { Attack } from '../protocol/attack';
import { pixelTrigger, toByte, type ImageSize, type Trigger } from './trigger';

/** SIG (Barni et al., 2019): x + Δ·sin(2π·j·f/W) in every row and channel, j the column, clipped. */
export function sigTrigger(
  { delta, frequency }: Extract<Attack, { kind: 'sig' }>,
  { width, height }: ImageSize,
): Trigger {
  const wave = Float64Array.from(
    { length: width },
    (_, j) => delta * Math.sin((2 * Math.PI * j * frequency) / width),
  );
  return pixelTrigger((pixels, count) => {
    const out = new Uint8Array(count * width * height * 3);
    for (let pixel = 0, i = 0; i < out.length; pixel++) {
      const shift = wave[pixel % width]!;
      for (const end = i + 3; i < end; i++) out[i] = toByte(pixels[i]! + shift);
    }
    return out;
  });
}
