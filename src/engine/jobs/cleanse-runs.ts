import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { isAlive, writeAtomically } from '../../model/atomic-write';
import { writeFailed } from '../../model/write-failed';
import { CleansingRunSchema, RunIdSchema, type CleansingRun, type RunList } from '../../protocol/cleansing';
import { OutputError, ScourError, messageOf } from '../../protocol/errors';
import { CleanseState } from './cleanse-state';

/** A record is a few kB an epoch; more is none of ours. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A lock that was not renewed for this long is of a process that is gone, whatever runs under its number now. */
const STALE_MS = 10 * 60 * 1000;

/** The folder of one run: its record, its state while it is unfinished, its student once it is finished. */
export class RunFolder {
  readonly folder: string;
  private readonly record: string;
  private readonly lock: string;

  constructor(store: string, id: string) {
    this.folder = path.join(store, id);
    this.record = path.join(this.folder, 'run.json');
    this.lock = path.join(this.folder, 'lock');
  }

  /** Where the finished student lies. */
  get student(): string {
    return path.join(this.folder, 'student.onnx');
  }

  /** True where some of the training is kept. */
  get hasState(): boolean {
    return new CleanseState(this.student).exists;
  }

  /** Takes the run for this process. Throws ScourError `busy` where another one works on it, OutputError where it cannot be written. */
  acquire(): void {
    if (this.isHeld) throw new ScourError('busy', 'Another window is working on this run.');
    try {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(this.lock, String(process.pid));
    } catch (cause) {
      throw writeFailed(this.folder, cause);
    }
  }

  /** Says that the process that holds the run is still at it. */
  renew(): void {
    const now = new Date();
    utimesSync(this.lock, now, now);
  }

  release(): void {
    rmSync(this.lock, { force: true });
  }

  /** True while another process works on the run. */
  get isHeld(): boolean {
    try {
      const pid = Number(readFileSync(this.lock, 'utf8'));
      if (pid === process.pid || Date.now() - statSync(this.lock).mtimeMs > STALE_MS) return false;
      return Number.isSafeInteger(pid) && pid > 0 && isAlive(pid);
    } catch {
      return false; // no lock
    }
  }

  /** Throws OutputError. */
  async write(run: CleansingRun): Promise<void> {
    await writeAtomically(this.record, { force: true, inputs: [] }, (sink) =>
      sink(Buffer.from(JSON.stringify(run))),
    );
  }

  /**
   * The run as it was last written; one that was running when its process ended is interrupted. Throws ScourError
   * `damaged-run`.
   */
  read(): CleansingRun {
    const damaged = (why: string, cause?: unknown): ScourError =>
      new ScourError('damaged-run', `The run in ${this.folder} cannot be read: ${why}.`, { cause });
    let json: unknown;
    try {
      if (statSync(this.record).size > MOST_BYTES) throw damaged('its record is too large');
      json = JSON.parse(readFileSync(this.record, 'utf8'));
    } catch (cause) {
      throw cause instanceof ScourError ? cause : damaged(messageOf(cause), cause);
    }
    const parsed = v.safeParse(CleansingRunSchema, json);
    if (!parsed.success) throw damaged(v.summarize(parsed.issues));
    const run = parsed.output;
    return run.status === 'running' && !this.isHeld ? { ...run, status: 'interrupted' } : run;
  }

  /** Throws ScourError `busy`, or OutputError. */
  async remove(): Promise<void> {
    if (this.isHeld)
      throw new ScourError('busy', 'Another window is working on this run: stop it there first.');
    try {
      await rm(this.folder, { recursive: true, force: true });
    } catch (cause) {
      throw new OutputError(
        'write-failed',
        this.folder,
        `${this.folder} cannot be removed: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

/** The runs in `store` of the model with this content, the latest first, and the folders that cannot be read as runs. */
export async function listRuns(store: string, key: string): Promise<RunList> {
  const names = existsSync(store) ? await readdir(store) : [];
  const list: RunList = { runs: [], damaged: [] };
  for (const id of names
    .filter((name) => v.is(RunIdSchema, name))
    .sort()
    .reverse()) {
    try {
      const run = new RunFolder(store, id).read();
      if (run.key === key) list.runs.push(run);
    } catch (error) {
      list.damaged.push({ id, reason: messageOf(error) });
    }
  }
  return list;
}

/** Removes a run with all that is kept of it. Rejects with ScourError `busy` or OutputError. */
export async function deleteRun(store: string, id: string): Promise<Record<string, never>> {
  await new RunFolder(store, id).remove();
  return {};
}
