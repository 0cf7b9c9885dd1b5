import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { writeFailed } from '../model/write-failed';
import { messageOf } from '../protocol/errors';

/** Process ids mean nothing on another machine or in another container that shares the folder. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const OURS = new RegExp(`^scour-[a-z]+-${HOST}-(\\d+)-[A-Za-z0-9]{6}$`);

let swept = false;

/**
 * A new folder among the system's temporary ones; the caller removes it. Those that killed processes of this user left
 * behind are removed first. `purpose`: lower-case letters, for who looks into the folder. Throws OutputError.
 */
export function temporaryFolder(purpose: string): string {
  if (!swept) removeAbandoned();
  swept = true;
  const prefix = path.join(tmpdir(), `scour-${purpose}-${HOST}-${process.pid}-`);
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    throw writeFailed(tmpdir(), cause);
  }
}

/** `removeAbandoned` as a courtesy: what cannot be removed is left to the next one. `log` is told why. */
export function tidyAbandoned(log: (line: string) => void): void {
  try {
    removeAbandoned();
  } catch (error) {
    log(`temporary folders of ended processes stay for now: ${messageOf(error)}`);
  }
}

/** Removes temporary folders of processes that are no more. Returns their names. */
export function removeAbandoned(): string[] {
  const abandoned = readdirSync(tmpdir()).filter((name) => {
    const [, pid] = OURS.exec(name) ?? [];
    return pid !== undefined && !isRunning(Number(pid)) && isOwnFolder(path.join(tmpdir(), name));
  });
  for (const name of abandoned) rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  return abandoned;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** False for a link, whatever it leads to, and for what another process removed meanwhile. */
function isOwnFolder(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  const { uid } = userInfo();
  return stats !== undefined && stats.isDirectory() && (uid < 0 || stats.uid === uid);
}
