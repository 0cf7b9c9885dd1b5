import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileSource } from '../../src/model/source';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'scour-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that is no longer the one that was opened', () => {
  test.each([
    ['grown', (file: string) => writeFileSync(file, 'longer than before')],
    ['rewritten', (file: string) => writeFileSync(file, 'after ')],
  ])('%s', (_, change) => {
    const file = path.join(folder, 'm.pth');
    writeFileSync(file, 'before');
    utimesSync(file, 1, 1);
    const source = new FileSource(file);
    source.verifyUnchanged();
    change(file);
    expect(() => source.verifyUnchanged()).toThrow('changed while it was read');
    source.close();
  });

  test.skipIf(process.platform === 'win32')('rewritten, with its old time of modification', () => {
    const file = path.join(folder, 'm.pth');
    writeFileSync(file, 'before');
    utimesSync(file, 1, 1);
    const source = new FileSource(file);
    const { size, mtimeMs } = statSync(file);
    writeFileSync(file, 'after ');
    utimesSync(file, 1, 1);
    expect(statSync(file)).toMatchObject({ size, mtimeMs });
    expect(() => source.verifyUnchanged()).toThrow('changed while it was read');
    source.close();
  });

  test.skipIf(process.platform === 'win32')('replaced by another of its name', () => {
    const file = path.join(folder, 'm.pth');
    writeFileSync(file, 'before');
    const source = new FileSource(file);
    writeFileSync(path.join(folder, 'new'), 'after!');
    renameSync(path.join(folder, 'new'), file);
    expect(Buffer.from(source.read(0, 6)).toString()).toBe('before');
    expect(() => source.verifyUnchanged()).toThrow('changed while it was read');
    source.close();
  });
});
