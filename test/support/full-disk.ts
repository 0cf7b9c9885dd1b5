import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder whose disk can be made to take nothing more, and to take everything again. */
export interface SmallDisk {
  readonly folder: string;
  readonly fill: () => void;
  readonly empty: () => void;
}

/** Ways to run out of disk for real: each gives `use` a disk, and puts everything back afterwards. */
export const FULL_DISKS = {
  /** A file system of its own, filled to the last byte: ENOSPC. */
  tmpfs: onTmpfs,
  /** This process may write no file beyond a few bytes: EFBIG, from the same system calls. */
  limit: underLimit,
} as const;

/** Why a way cannot be gone here, for the title of a skipped test; empty where it can. */
export function missing(way: keyof typeof FULL_DISKS): string {
  if (process.platform !== 'linux') return ' (skipped: needs Linux)';
  if (way === 'limit')
    return spawnSync('prlimit', ['--version']).status === 0 ? '' : ' (skipped: needs prlimit)';
  const probe = mkdtempSync(path.join(tmpdir(), 'scour-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]);
  if (status === 0) execFileSync('umount', [probe]);
  rmdirSync(probe);
  return status === 0 ? '' : ' (skipped: may not mount a file system)';
}

async function onTmpfs<T>(use: (disk: SmallDisk) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]);
  const filler = path.join(folder, 'filler');
  try {
    return await use({
      folder,
      fill: () => {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(1024 * 1024), { flag: 'a' });
        } catch {
          // full
        }
      },
      empty: () => rmSync(filler, { force: true }),
    });
  } finally {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  }
}

async function underLimit<T>(use: (disk: SmallDisk) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-disk-'));
  mkdirSync(folder, { recursive: true });
  // The soft limit only, which may be raised again.
  const limit = (bytes: string): void =>
    void execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
  const [, before] = /^Max file size +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const empty = (): void => limit(before ?? 'unlimited');
  try {
    return await use({ folder, fill: () => limit('64'), empty });
  } finally {
    empty();
    rmSync(folder, { recursive: true, force: true });
  }
}
