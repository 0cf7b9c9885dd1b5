import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../src/protocol/errors';
import type { Checkpoint } from '../../src/model/checkpoint';
import { KERAS, openBytes, openFixture, scoresOf } from '../support/keras';

/** What happens to a file: the reason of the error, or the ids of the findings. */
function outcome(open: () => Checkpoint): string {
  let checkpoint: Checkpoint;
  try {
    checkpoint = open();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return `${error.reason}: ${error.message}`;
  }
  checkpoint.close?.();
  return [...new Set(checkpoint.findings.map(({ id, level }) => `${id} (${level})`))].sort().join(', ');
}

const HOSTILE: readonly (readonly [string, RegExp])[] = [
  ['external-link.h5', /^hdf5-external-link \(error\)$/],
  ['soft-link.h5', /^hdf5-soft-link \(warning\)$/],
  ['virtual.h5', /^hdf5-virtual-dataset \(error\)$/],
  ['external-storage.h5', /^tensor-unreadable \(error\)$/],
  ['huge.h5', /^$/],
  ['group-cycle.h5', /^too-large: .*nest deeper than 32/],
  ['many-groups.h5', /^too-large: .*nest deeper than 32/],
  ['user-block.h5', /^hdf5-user-block \(warning\)$/],
  ['named-type.h5', /^hdf5-other-object \(warning\)$/],
  ['nested-models.keras', /keras-config-too-large \(error\)/],
];

describe('HDF5 files that lead out of themselves or promise too much', () => {
  test('the table names every file', () => {
    expect(HOSTILE.map(([file]) => file).sort()).toEqual(readdirSync(path.join(KERAS, 'hostile')).sort());
  });

  test.each(HOSTILE)('%s: %s', (file, expected) => {
    expect(outcome(() => openFixture(path.join('hostile', file)))).toMatch(expected);
  });

  test('a dataset of terabytes is a layer that was not scored', async () => {
    const { layers } = await scoresOf(openFixture('hostile/huge.h5'));
    expect(layers.map(({ status, reason }) => [status, reason])).toEqual([
      ['skipped', expect.stringMatching(/unpacks to \d+ bytes, more than Scour holds/)],
    ]);
  });
});

describe('HDF5 files that lead back to themselves by the name that the library knows them by', () => {
  const renamed = (file: string, ...changes: readonly (readonly [string, string])[]): Buffer =>
    changes.reduce(
      (bytes, [from, to]) => {
        const at = bytes.indexOf(from);
        expect(at, from).toBeGreaterThan(0);
        bytes.write(to, at, 'latin1');
        return bytes;
      },
      readFileSync(path.join(KERAS, 'hostile', file)),
    );

  test('an external link', () => {
    const bytes = renamed('external-link.h5', ['/etc/passwd\0/x', '/./model.h5\0//']);
    expect(outcome(() => openBytes('model.h5', bytes))).toBe('hdf5-external-link (error)');
  });

  test('external storage', () => {
    const bytes = renamed('external-storage.h5', ['/etc/passwd', '/./model.h5']);
    expect(outcome(() => openBytes('model.h5', bytes))).toBe('tensor-unreadable (error)');
  });
});

describe('broken HDF5 files', () => {
  const good = readFileSync(path.join(KERAS, 'sequential.h5'));
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };
  const BROKEN: readonly (readonly [string, Buffer, RegExp])[] = [
    ['cut to its signature', good.subarray(0, 8), /^malformed/],
    ['cut within its superblock', good.subarray(0, 60), /^malformed/],
    ['cut in half', good.subarray(0, good.length >> 1), /^malformed/],
    ['cut by one byte', good.subarray(0, good.length - 1), /^malformed/],
    ['a superblock of version 9', changed(8, 9), /^malformed/],
    ['offsets of 255 bytes', changed(13, 255), /^malformed/],
    ['an end of file far away', changed(40, 255, 255, 255, 255, 255, 255, 0, 0), /^malformed/],
    ['a root that lies nowhere', changed(64, 255, 255, 255, 0), /^malformed|hdf5-broken-object/],
    ['zeros after its signature', Buffer.concat([good.subarray(0, 8), Buffer.alloc(4096)]), /^malformed/],
  ];

  test.each(BROKEN)('%s', (_what, bytes, expected) => {
    expect(outcome(() => openBytes('broken.h5', bytes))).toMatch(expected);
  });
});

describe('HDF5 files whose names and configuration disagree', () => {
  /** sequential.h5 with every text replaced by another of the same length, at the same moment. */
  const rewritten = (...changes: readonly (readonly [string, string])[]): Buffer => {
    const good = readFileSync(path.join(KERAS, 'sequential.h5'));
    const bytes = Buffer.from(good);
    for (const [from, to] of changes) {
      expect(Buffer.byteLength(to)).toBe(Buffer.byteLength(from));
      const at = good.indexOf(from, 0, 'latin1');
      expect(at, from).toBeGreaterThan(0);
      bytes.write(to, at, 'latin1');
    }
    return bytes;
  };
  const named = (name: string): string => `"name": "${name}"`;

  test.each([
    ['a configuration without layers', [['"layers"', '"lawyer"']], /keras-config-malformed \(warning\)/],
    [
      'layers in another order',
      [
        [named('conv1'), named('conv2')],
        [named('conv2'), named('conv1')],
      ],
      /keras-layer-order \(error\)/,
    ],
    [
      'weights of a layer in another order',
      [
        ['bn1/gamma:0', 'bn1/beta:0\0'],
        ['bn1/beta:0\0', 'bn1/gamma:0'],
      ],
      /keras-weight-order \(error\)/,
    ],
  ] as const)('%s', (_what, changes, expected) => {
    expect(outcome(() => openBytes('model.h5', rewritten(...changes)))).toMatch(expected);
  });
});

describe('code in configurations', () => {
  test.each([
    ['lambda.h5', ['keras-lambda']],
    ['unsafe.keras', ['keras-lambda', 'keras-unsafe-import']],
  ])('%s', (file, ids) => {
    const checkpoint = openFixture(file);
    const errors = checkpoint.findings.filter(({ level }) => level === 'error');
    expect(errors.map(({ id }) => id)).toEqual(ids);
    expect(errors[0]!.message).toContain("'evil'");
    if (ids.length > 1) expect(errors[1]!.message).toContain("'os.system'");
  });
});
