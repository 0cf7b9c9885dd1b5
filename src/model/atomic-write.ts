import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { OutputError } from '../protocol/errors';
import { writeFailed } from './write-failed';

export interface OutputRules {
  /** Replace an existing file. */
  readonly force: boolean;
  /** Files that must survive: the output may be none of them, nor a link to one. */
  readonly inputs: readonly string[];
}

/** Throws OutputError `is-input` or `exists` where `output` may not be written; called before long work, and again before the rename. */
export function checkOutput(output: string, rules: OutputRules): void {
  for (const input of rules.inputs) {
    if (isSameFile(output, input)) {
      throw new OutputError(
        'is-input',
        output,
        `${output} is the input (or a link to it), which Scour never overwrites. Choose another file.`,
      );
    }
  }
  if (!rules.force && existsSync(output)) {
    throw new OutputError(
      'exists',
      output,
      `${output} exists already. Choose another file, or use --force to replace it.`,
    );
  }
}

function isSameFile(a: string, b: string): boolean {
  if (path.resolve(a) === path.resolve(b)) return true;
  try {
    if (realpathSync(a) === realpathSync(b)) return true;
    const left = statSync(a, { bigint: true });
    const right = statSync(b, { bigint: true });
    return left.ino === right.ino && left.dev === right.dev;
  } catch {
    // One of them does not exist, so they are not the same file.
    return false;
  }
}

/** Takes the pieces of a file, one after the other. */
export type Sink = (bytes: Uint8Array) => void;

/** As `replaceAtomically`. Returns size and SHA-256 of what was written. */
export async function writeAtomically(
  output: string,
  rules: OutputRules,
  write: (sink: Sink) => Promise<void> | void,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await replaceAtomically(output, rules, (sink) =>
    write((piece) => {
      sink(piece);
      hash.update(piece);
      bytes += piece.length;
    }),
  );
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Writes `output` through a temporary file beside it and renames that when `write` has finished, so that nothing
 * half-done ever carries the output's name. `write` is handed a sink; what it throws is passed on after the temporary
 * file is gone. Throws OutputError.
 */
export async function replaceAtomically(
  output: string,
  rules: OutputRules,
  write: (sink: Sink) => Promise<void> | void,
): Promise<void> {
  checkOutput(output, rules);
  const folder = path.dirname(output);
  const name = path.basename(output);
  const temporary = path.join(folder, `.${name}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  let fd: number;
  try {
    mkdirSync(folder, { recursive: true });
    removeOrphans(folder, name);
    fd = openSync(temporary, 'wx');
  } catch (cause) {
    throw writeFailed(output, cause);
  }
  let open = true;
  try {
    await write((piece) => {
      try {
        for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
      } catch (cause) {
        throw writeFailed(output, cause);
      }
    });
    try {
      fsyncSync(fd);
      closeSync(fd);
      open = false;
      checkOutput(output, rules);
      moveInPlace(temporary, output, rules.force);
    } catch (cause) {
      throw cause instanceof OutputError ? cause : writeFailed(output, cause);
    }
  } finally {
    if (open) closeSync(fd);
    rmSync(temporary, { force: true });
  }
}

/** Removes what earlier writes of the same output left when their process was killed. */
function removeOrphans(folder: string, name: string): void {
  for (const entry of readdirSync(folder)) {
    const match = /\.(\d{1,10})-[0-9a-f]{12}\.tmp$/.exec(entry);
    if (!match || entry.slice(0, match.index) !== `.${name}` || isAlive(Number(match[1]))) continue;
    rmSync(path.join(folder, entry), { force: true });
  }
}

/** True where a process with this number runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // A process of somebody else's may not be signalled, but it is there.
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}

/** Without `force`, a file that appeared meanwhile is not replaced: a hard link fails where a rename would not. */
function moveInPlace(temporary: string, output: string, force: boolean): void {
  if (!force) {
    try {
      linkSync(temporary, output);
      return;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : '';
      if (code === 'EEXIST')
        throw new OutputError(
          'exists',
          output,
          `${output} appeared while it was being made; it was left alone.`,
          { cause },
        );
      // File systems without hard links: the check just made has to do.
    }
  }
  renameSync(temporary, output);
}
