import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { byCodePoint, sampleEvenly, type Sample } from '../../src/data/dataset';
import { openFolder } from '../../src/data/folder';
import { DataError } from '../../src/protocol/errors';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'scour-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), 'x');
  }
}
const names = (samples: readonly Sample[]) => samples.map(({ name }) => name);
function refusal(folder = root): DataError {
  try {
    openFolder(folder);
  } catch (thrown) {
    if (thrown instanceof DataError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

describe('openFolder', () => {
  it('reads a flat folder as unlabelled', () => {
    put('b.png', 'a.JPG', 'c.jpeg', 'notes.txt', '.hidden.png');
    const set = openFolder(root);
    expect(set.classes).toBeNull();
    expect(names(set.samples)).toEqual(['a.JPG', 'b.png', 'c.jpeg']);
    expect(set.samples.every(({ label }) => label === null)).toBe(true);
    expect(set.skipped).toEqual([{ path: 'notes.txt', reason: expect.stringContaining('name') as string }]);
  });

  it('numbers classes by sorted folder name, empty ones too, and finds images at any depth', () => {
    put('cat/1.png', 'Dog/1.png', 'cat/inner/2.png', 'cat/x.csv', '.git/1.png', 'readme.md');
    mkdirSync(path.join(root, 'ant'));
    const set = openFolder(root);
    expect(set.classes).toEqual(['Dog', 'ant', 'cat']);
    expect(set.samples.map(({ name, label }) => [name, label])).toEqual([
      ['Dog/1.png', 0],
      ['cat/1.png', 2],
      ['cat/inner/2.png', 2],
    ]);
    expect(set.skipped.map((each) => each.path).sort()).toEqual(['cat/x.csv', 'readme.md']);
  });

  it('sorts as Python does', () => {
    const wanted = ['10', '2', 'B', 'a', 'é', '\uff21', '😀'];
    expect([...wanted].reverse().sort(byCodePoint)).toEqual(wanted);
    expect(byCodePoint('a', 'ab')).toBeLessThan(0);
  });

  it('follows links, but lists no folder twice and never goes in circles', () => {
    put('a/1.png', 'b/2.png');
    symlinkSync(path.join(root, 'a'), path.join(root, 'a/self'));
    symlinkSync(root, path.join(root, 'b/up'));
    symlinkSync(path.join(root, 'a/1.png'), path.join(root, 'b/link.png'));
    symlinkSync('/nowhere/at/all.png', path.join(root, 'b/dangling.png'));
    const set = openFolder(root);
    expect(names(set.samples)).toEqual(['a/1.png', 'b/2.png', 'b/link.png']);
    expect(set.skipped.map((each) => each.path).sort()).toEqual(['a/self', 'b/dangling.png', 'b/up']);
  });

  it('leaves pipes alone', () => {
    put('1.png');
    execFileSync('mkfifo', [path.join(root, '2.png')]);
    const set = openFolder(root);
    expect(names(set.samples)).toEqual(['1.png']);
    expect(set.skipped[0]?.reason).toContain('regular file');
  });

  it('takes odd names as they are', () => {
    put('a\nb/<img src=x>.png', 'a\nb/\u202egnp.png');
    expect(openFolder(root).samples).toHaveLength(2);
  });

  it('refuses what is no set of images', () => {
    expect(refusal().reason).toBe('no-images');
    expect(refusal(path.join(root, 'missing')).reason).toBe('not-found');
    put('x/1.png', 'y.png');
    expect(refusal().reason).toBe('bad-layout');
    expect(refusal(path.join(root, 'y.png')).reason).toBe('bad-layout');
  });
});

describe('sampleEvenly', () => {
  const samples = Array.from({ length: 1000 }, (_, i): Sample => ({
    name: String(i),
    label: Math.floor(i / 100),
    location: { kind: 'file', path: String(i) },
  }));

  it('keeps order and the shares of the classes, and repeats for a seed', () => {
    const some = sampleEvenly(samples, 50, 1);
    expect(some).toHaveLength(50);
    const indices = some.map(({ name }) => Number(name));
    expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b));
    for (let label = 0; label < 10; label++) {
      expect(some.filter((each) => each.label === label)).toHaveLength(5);
    }
    expect(sampleEvenly(samples, 50, 1)).toEqual(some);
    expect(sampleEvenly(samples, 50, 2)).not.toEqual(some);
    expect(sampleEvenly(samples, 1000, 1)).toBe(samples);
    expect(sampleEvenly(samples, 999, 1)).toHaveLength(999);
  });
});
