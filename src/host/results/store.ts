import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import type { Identity } from '../../protocol/engine';
import { messageOf } from '../../protocol/errors';
import type { WireError } from '../../protocol/rpc';
import type { Audit } from '../../protocol/scan';
import { VERSION } from '../../protocol/version';
import { EntrySchema, IndexSchema, KeptSchema, KeySchema, outcomeOf, type Entry, type Kept } from './entry';
import { readJson, writeAtomically } from './files';

const INDEX_LIMIT = 8 * 1024 * 1024;
/** An audit of a million channels takes some 20 MB as JSON. */
const AUDIT_LIMIT = 128 * 1024 * 1024;

export interface StoreOptions {
  /** Folder of this workspace's results; made when the first one is kept. */
  folder: string;
  /** At most this many models are remembered. */
  limit: () => number;
  log: (line: string) => void;
}

/**
 * Scan results that outlive the window: `<key>.json` for each content key, and an index of the models scanned in this
 * workspace, newest first. What cannot be read or does not fit its schema is dropped with a line in the log.
 */
export class ResultStore {
  private readonly options: StoreOptions;
  private loaded: Promise<Entry[]> | null = null;
  private writing: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  constructor(options: StoreOptions) {
    this.options = options;
  }

  /** Calls `listener` whenever the entries change. Returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The models scanned in this workspace, newest first. */
  async entries(): Promise<readonly Entry[]> {
    return (this.loaded ??= this.loadIndex());
  }

  /** The entry of a path, if that path was scanned. */
  async entry(modelPath: string): Promise<Entry | undefined> {
    return (await this.entries()).find((entry) => entry.path === modelPath);
  }

  /** True where a kept result may belong to a file of this size: hashing the file tells. */
  async mayHave(bytes: number): Promise<boolean> {
    return (await this.entries()).some((entry) => entry.outcome.kind !== 'failed' && entry.bytes === bytes);
  }

  /** The result kept under a content key, or null. */
  async kept(key: string): Promise<Audit | null> {
    if (!v.is(KeySchema, key)) return null;
    const file = this.fileOf(key);
    try {
      const value = await readJson(file, AUDIT_LIMIT);
      if (value === null) return null;
      const kept = v.parse(KeptSchema, value);
      return kept.key === key && kept.version === VERSION ? kept.audit : null;
    } catch (error) {
      this.options.log(`dropped a kept result that cannot be read (${file}): ${messageOf(error)}`);
      await rm(file, { force: true });
      return null;
    }
  }

  /** Remembers a finished scan of the model at `modelPath`. Throws where the key cannot name a file. */
  async keep(modelPath: string, identity: Identity, audit: Audit): Promise<void> {
    const key = v.parse(KeySchema, identity.key);
    const outcome = outcomeOf(key, audit);
    const kept: Kept = { schema: 'scour.kept/1', version: VERSION, key, audit };
    await mkdir(this.options.folder, { recursive: true });
    await writeAtomically(this.fileOf(key), JSON.stringify(kept));
    await this.put({ path: modelPath, scannedAt: Date.now(), bytes: audit.report.model.bytes, outcome });
  }

  /** Remembers that the scan of `modelPath` failed. */
  async fail(modelPath: string, error: WireError): Promise<void> {
    const { reason, message } = error;
    await this.put({
      path: modelPath,
      scannedAt: Date.now(),
      bytes: null,
      outcome: { kind: 'failed', reason, message },
    });
  }

  /** Forgets the model at `modelPath`, and its result unless another path holds the same bytes. */
  async forget(modelPath: string): Promise<void> {
    await this.change((entries) => entries.filter((entry) => entry.path !== modelPath));
  }

  private put(entry: Entry): Promise<void> {
    return this.change((entries) =>
      [entry, ...entries.filter((other) => other.path !== entry.path)].slice(0, this.options.limit()),
    );
  }

  /** Changes are made one after the other, so that none is lost. */
  private change(edit: (entries: readonly Entry[]) => Entry[]): Promise<void> {
    const done = this.writing.then(async () => {
      const before = await this.entries();
      const after = edit(before);
      this.loaded = Promise.resolve(after);
      await mkdir(this.options.folder, { recursive: true });
      await writeAtomically(
        path.join(this.options.folder, 'index.json'),
        JSON.stringify({ schema: 'scour.index/1', entries: after }),
      );
      const stillUsed = new Set(after.map(keyOf));
      for (const key of new Set(before.map(keyOf))) {
        if (key !== null && !stillUsed.has(key)) await rm(this.fileOf(key), { force: true });
      }
      for (const listener of this.listeners) listener();
    });
    // A change that fails is reported to who asked for it; the next one must still run.
    this.writing = done.catch(() => undefined);
    return done;
  }

  private async loadIndex(): Promise<Entry[]> {
    const file = path.join(this.options.folder, 'index.json');
    try {
      const value = await readJson(file, INDEX_LIMIT);
      if (value === null) return [];
      const entries: Entry[] = [];
      for (const item of v.parse(IndexSchema, value).entries) {
        const entry = v.safeParse(EntrySchema, item);
        if (entry.success) entries.push(entry.output);
        else this.options.log(`dropped an entry of ${file}: ${v.summarize(entry.issues)}`);
      }
      return entries;
    } catch (error) {
      this.options.log(`dropped the list of scanned models (${file}): ${messageOf(error)}`);
      return [];
    }
  }

  private fileOf(key: string): string {
    return path.join(this.options.folder, `${key}.json`);
  }
}

function keyOf(entry: Entry): string | null {
  return entry.outcome.kind === 'failed' ? null : entry.outcome.key;
}
