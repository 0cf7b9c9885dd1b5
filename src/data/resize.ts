import type { Preprocessing } from '../protocol/preprocessing';
import { checkDimensions, type Image } from './image';

export type Filter = Preprocessing['filter'];

/** Pillow's 8-bit fixed point: 8 bits of result, 2 of headroom for overshooting filters, the rest is fraction. */
const PRECISION_BITS = 32 - 8 - 2;

/** Convolution kernels and their support at scale 1, as Pillow defines them (bicubic with a = −0.5). */
const KERNELS: Readonly<Record<Exclude<Filter, 'nearest'>, { support: number; at: (x: number) => number }>> =
  {
    bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
    bicubic: {
      support: 2,
      at: (x) => {
        const a = -0.5;
        const t = Math.abs(x);
        if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
        return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
      },
    },
    lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  };

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * Resizes to width × height exactly as Pillow's `Image.resize` does: when shrinking, the filter is widened
 * (antialiasing); columns first, then rows, rounded to 8 bits in between.
 */
export function resize(image: Image, width: number, height: number, filter: Filter): Image {
  if (width === image.width && height === image.height) return image;
  if (filter === 'nearest') return resizeNearest(image, width, height);
  const columns = width === image.width ? null : taps(image.width, width, filter);
  const rows = height === image.height ? null : taps(image.height, height, filter);
  const wide = columns ? resizeColumns(image, width, columns) : image;
  return rows ? resizeRows(wide, height, rows) : wide;
}

/** For each output position: where its inputs start, how many they are, and their fixed-point weights. */
interface Taps {
  starts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
  /** Weights of position i begin at i × stride. */
  stride: number;
}

function taps(from: number, to: number, filter: Exclude<Filter, 'nearest'>): Taps {
  const kernel = KERNELS[filter];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = kernel.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      exact[k] = kernel.at((k + start - centre + 0.5) / filterScale);
      sum += exact[k]!;
    }
    for (let k = 0; k < count; k++) {
      const weight = (sum === 0 ? exact[k]! : exact[k]! / sum) * (1 << PRECISION_BITS);
      weights[i * stride + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}

const HALF = 1 << (PRECISION_BITS - 1);

function clip8(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resizeColumns(image: Image, width: number, { starts, counts, weights, stride }: Taps): Image {
  const { data, height } = image;
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = y * image.width * 3;
    for (let x = 0; x < width; x++) {
      let from = row + starts[x]! * 3;
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let k = x * stride, end = k + counts[x]!; k < end; k++, from += 3) {
        const weight = weights[k]!;
        red = (red + data[from]! * weight) | 0;
        green = (green + data[from + 1]! * weight) | 0;
        blue = (blue + data[from + 2]! * weight) | 0;
      }
      const to = (y * width + x) * 3;
      out[to] = clip8(red);
      out[to + 1] = clip8(green);
      out[to + 2] = clip8(blue);
    }
  }
  return { width, height, data: out };
}

function resizeRows(image: Image, height: number, { starts, counts, weights, stride }: Taps): Image {
  const { data, width } = image;
  const rowBytes = width * 3;
  const out = new Uint8Array(rowBytes * height);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < counts[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const row = (starts[y]! + k) * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i] = sums[i]! + data[row + i]! * weight;
    }
    for (let i = 0; i < rowBytes; i++) out[y * rowBytes + i] = clip8(sums[i]!);
  }
  return { width, height, data: out };
}

function resizeNearest(image: Image, width: number, height: number): Image {
  const columns = nearestPositions(image.width, width);
  const rows = nearestPositions(image.height, height);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * image.width + columns[x]!) * 3;
      const to = (y * width + x) * 3;
      out[to] = image.data[from]!;
      out[to + 1] = image.data[from + 1]!;
      out[to + 2] = image.data[from + 2]!;
    }
  }
  return { width, height, data: out };
}

/** Pillow steps by repeated addition; so do we, because the rounding decides at ties. */
function nearestPositions(from: number, to: number): Int32Array {
  const step = from / to;
  const positions = new Int32Array(to);
  for (let i = 0, at = step * 0.5; i < to; i++, at += step) {
    positions[i] = Math.min(from - 1, Math.trunc(at));
  }
  return positions;
}

/**
 * Resizes so that the short side has `size` pixels, as torchvision's `Resize(size)` does (the long side rounds down).
 * Throws DataError `too-large` where the long side of a very narrow image would become too long; `path` is named then.
 */
export function resizeShortSide(image: Image, size: number, filter: Filter, path: string): Image {
  const isTall = image.width <= image.height;
  const long = isTall
    ? Math.trunc((size * image.height) / image.width)
    : Math.trunc((size * image.width) / image.height);
  checkDimensions(size, long, path);
  return isTall ? resize(image, size, long, filter) : resize(image, long, size, filter);
}

/** The middle width × height pixels, as torchvision's `CenterCrop` takes them; a smaller image is padded with black. */
export function centreCrop(image: Image, width: number, height: number): Image {
  if (width === image.width && height === image.height) return image;
  const left = cropStart(image.width, width);
  const top = cropStart(image.height, height);
  const data = new Uint8Array(width * height * 3);
  const [firstX, endX] = [Math.max(0, left), Math.min(image.width, left + width)];
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = y * image.width * 3;
    data.set(image.data.subarray(row + firstX * 3, row + endX * 3), ((y - top) * width + firstX - left) * 3);
  }
  return { width, height, data };
}

/** First pixel kept (half rounds to even, as Python does), negative where black is padded (more on the far side). */
function cropStart(size: number, crop: number): number {
  if (crop > size) return -Math.floor((crop - size) / 2);
  const half = (size - crop) / 2;
  const floor = Math.floor(half);
  return half === floor || floor % 2 === 0 ? floor : floor + 1;
}

/**
 * An image as the model sees it, still 8-bit: resized and cropped to `height` × `width`. Throws DataError `too-large` as
 * `resizeShortSide` does; `path` is named then.
 */
export function fitImage(
  image: Image,
  { width, height, resize: shortSide, filter }: Pick<Preprocessing, 'width' | 'height' | 'resize' | 'filter'>,
  path: string,
): Image {
  if (shortSide === null) return resize(image, width, height, filter);
  return centreCrop(resizeShortSide(image, shortSide, filter, path), width, height);
}

/** The image so that its longer side has at most `longest` pixels, whole and in its proportions; a smaller one as it is. */
export function shrinkWithin(image: Image, longest: number): Image {
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return resize(image, side(image.width), side(image.height), 'bilinear');
}
