import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { File, ready } from 'h5wasm/node';
import { describe, expect, test } from 'vitest';
import { Hdf5File } from '../../src/model/hdf5/open';
import { FileSource, MemorySource } from '../../src/model/source';
import { ModelError } from '../../src/protocol/errors';
import { inTemporaryFolder } from '../support/jobs';
import { KERAS, openBytes } from '../support/keras';

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

  test(
    'is ended where a file keeps it busy within 5 s, also the first it is given',
    { timeout: 60_000 },
    () => {
      const good = readFileSync(path.join(KERAS, 'sequential.h5'));
      const end = good.indexOf('tensorflow') + 'tensorflow'.length;
      // The library's list of texts goes on with one of no length, and so never ends.
      const endless = Buffer.concat([good.subarray(0, end), Buffer.alloc(5), good.subarray(end)]);
      for (let again = 0; again < 2; again++) {
        expect(() => new Hdf5File(new MemorySource('model.h5', endless))).toThrow(/without an end/);
      }
      new Hdf5File(new MemorySource('model.h5', good)).close();
    },
  );

  // Where threads can be counted.
  test.runIf(process.platform === 'linux')('is given back by a file that turns out to be of no use', () => {
    const bytes = readFileSync(path.join(KERAS, 'compressed.h5'));
    bytes.write('no JSON', bytes.indexOf('{"class_name"'));
    const threads = (): number => readdirSync('/proc/self/task').length;
    const refused = (): void => {
      expect(() => openBytes('model.h5', bytes)).toThrow('is no JSON');
    };
    refused();
    const before = threads();
    for (let again = 0; again < 3; again++) refused();
    expect(threads()).toBeLessThanOrEqual(before);
  });

  test('unpacks a large dataset piece by piece', async () => {
    await ready;
    await inTemporaryFolder((folder) => {
      // 4 MB a row: a piece of four rows, and one of one.
      const shape = [5, 2, 1000, 500];
      const data = Float32Array.from({ length: 5_000_000 }, (_, i) => i % 4093);
      const at = path.join(folder, 'large.h5');
      const out = new File(at, 'w');
      out
        .create_group('g')
        .create_dataset({ name: 'd', data, shape, chunks: [1, 2, 500, 500], compression: 1 });
      out.close();
      const source = new FileSource(at);
      const file = new Hdf5File(source);
      expect(Buffer.compare(file.values('/g/d'), new Uint8Array(data.buffer))).toBe(0);
      file.close();
      source.close();
      return Promise.resolve();
    });
  });
});
