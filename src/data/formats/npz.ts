import path from 'node:path';
import { DataError } from '../../protocol/errors';
import type { ByteSource } from '../../model/source';
import type { ZipArchive, ZipMember } from '../../model/zip/archive';
import { METHOD } from '../../model/zip/records';
import type { Dataset } from '../dataset';
import { MAX_NPY_HEADER, parseNpyHeader, readNpy, type NpyHeader, type NpyValues } from './npy';
import { classNumbers, imageShape, pixelSet, type PixelBytes } from './npy-images';
import { asDataError, openArchive } from './zip';

/** Names under which image sets keep images and labels; test sets first, because that is what models are measured on. */
const PAIRS: readonly (readonly [images: string, labels: string])[] = [
  ['x_test', 'y_test'],
  ['test_images', 'test_labels'],
  ['images', 'labels'],
  ['x', 'y'],
  ['data', 'labels'],
  ['x_train', 'y_train'],
  ['train_images', 'train_labels'],
  ['arr_0', 'arr_1'],
];

/** The arrays of an .npz file, each read when it is asked for. Close it when done. */
export class NpzFile {
  readonly path: string;
  readonly close: () => void;
  private readonly archive: ZipArchive;

  /** Throws DataError where the file is no readable archive. */
  constructor(file: string) {
    this.path = file;
    ({ archive: this.archive, close: this.close } = openArchive(file));
  }

  /** True for an archive of arrays and nothing else. */
  get holdsArraysOnly(): boolean {
    return this.archive.members.length > 0 && this.archive.members.every(({ name }) => name.endsWith('.npy'));
  }

  get names(): string[] {
    return this.archive.members
      .filter(({ name }) => name.endsWith('.npy'))
      .map(({ name }) => name.slice(0, -4));
  }

  /** Type and shape of an array. Throws DataError where it is missing or unreadable. */
  header(name: string): NpyHeader {
    const bytes = this.open(name);
    return parseNpyHeader(bytes.read(0, Math.min(bytes.size, MAX_NPY_HEADER)), `${this.path}:${name}`);
  }

  /** A whole array. Throws DataError where it is missing or unreadable. */
  read(name: string): { header: NpyHeader; values: NpyValues } {
    const bytes = this.open(name);
    return readNpy(bytes.read(0, bytes.size), `${this.path}:${name}`);
  }

  member(name: string): ZipMember | undefined {
    return this.archive.member(`${name}.npy`);
  }

  private open(name: string): ByteSource {
    const member = this.member(name);
    if (member === undefined) {
      throw new DataError('bad-layout', this.path, `${this.path} holds no array ${JSON.stringify(name)}.`);
    }
    try {
      return this.archive.open(member);
    } catch (cause) {
      throw asDataError(this.path, cause);
    }
  }
}

/**
 * Opens an .npz file as a dataset: images of unsigned bytes, N × H × W, N × H × W × C or N × C × H × W with C of 1 or 3,
 * under one of the usual names, and their labels (N or N × 1 integers) where there are any. Throws DataError
 * `bad-layout` where it holds no such arrays.
 */
export function openNpz(root: string): Dataset {
  const file = new NpzFile(root);
  try {
    const names = file.names;
    const pair = PAIRS.find(([images]) => names.includes(images));
    if (pair === undefined) {
      throw new DataError(
        'bad-layout',
        root,
        `${root} holds no images under a usual name (${PAIRS.map(([images]) => images).join(', ')}), but ${
          names
            .slice(0, 10)
            .map((name) => JSON.stringify(name))
            .join(', ') || 'nothing'
        }.`,
      );
    }
    const [imagesName, labelsName] = pair;
    const header = file.header(imagesName);
    const what = `${root}:${imagesName}`;
    const shape = imageShape(header, what);
    const bytes = pixelsOf(file, imagesName, header);
    const labels = names.includes(labelsName) ? readLabels(file, labelsName, shape.count) : null;
    return pixelSet(root, `${path.basename(root)}:${imagesName}`, shape, bytes, labels);
  } finally {
    file.close();
  }
}

/** Where the values lie: in the file itself where the array is stored, else unpacked into memory that threads share. */
function pixelsOf(file: NpzFile, name: string, header: NpyHeader): PixelBytes {
  const member = file.member(name)!;
  if (member.method === METHOD.stored) {
    if (header.start + header.elements > member.size) {
      throw new DataError('unreadable-image', file.path, `${file.path}:${name} is truncated.`);
    }
    return { start: member.dataAt + header.start, unpacked: null };
  }
  const { values } = file.read(name);
  const shared = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(shared).set(new Uint8Array(values.buffer));
  return { start: 0, unpacked: shared };
}

function readLabels(file: NpzFile, name: string, count: number): number[] {
  const { header, values } = file.read(name);
  return classNumbers(header, values, count, `${file.path}:${name}`);
}
