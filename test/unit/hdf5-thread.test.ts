import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Hdf5File } from '../../src/model/hdf5/open';
import { FileSource, MemorySource } from '../../src/model/source';
import { ModelError } from '../../src/protocol/errors';
import { KERAS } from '../support/keras';

const open = (name: string): Hdf5File => new Hdf5File(new FileSource(path.join(KERAS, name)));
/** Bytes of every dataset of an open file. */
const contents = (file: Hdf5File): string[] =>
  file.description.datasets.map((each) => Buffer.from(file.values(each.path)).toString('base64'));

describe('the thread that runs the HDF5 library', () => {
  test('gives each of two files that are open at once its own values', () => {
    const packed = open('compressed.h5');
    const other = open('functional.h5');
    const [first] = packed.description.datasets;
    const before = Buffer.from(packed.values(first!.path));
    const others = contents(other);
    packed.close();
    other.close();

    const again = open('compressed.h5');
    expect(Buffer.compare(again.values(first!.path), before)).toBe(0);
    again.close();
    const otherAgain = open('functional.h5');
    expect(contents(otherAgain)).toEqual(others);
    otherAgain.close();
  });

  test('opens a file anew that is asked for values after it was given back', () => {
    const file = open('sequential.h5');
    const values = contents(file);
    file.close();
    open('functional.h5').close();
    expect(contents(file)).toEqual(values);
    file.close();
  });

  test('describes a file the same after broken ones', () => {
    const good = readFileSync(path.join(KERAS, 'sequential.h5'));
    const read = (bytes: Uint8Array): Hdf5File => new Hdf5File(new MemorySource('model.h5', bytes));
    const { description } = read(good);
    for (let cut = 100; cut < good.length; cut += good.length >> 2) {
      const damaged = Buffer.from(good);
      damaged.fill(0xff, cut, cut + 64);
      expect(() => read(good.subarray(0, cut))).toThrow(ModelError);
      try {
        read(damaged).close();
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
      expect(read(good).description).toEqual(description);
    }
  });

  test('is ended where the file cannot be read, and another reads the next one', () => {
    const source = new FileSource(path.join(KERAS, 'sequential.h5'));
    const failing = new MemorySource(source.path, source.read(0, source.size));
    failing.read = () => {
      throw new ModelError('unreadable', source.path, 'the disk is gone');
    };
    expect(() => new Hdf5File(failing)).toThrow('the disk is gone');
    const next = new Hdf5File(source);
    expect(next.description.datasets.length).toBeGreaterThan(0);
    next.close();
    source.close();
  });
});
