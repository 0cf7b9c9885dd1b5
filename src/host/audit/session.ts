import type { PreviewState, ScanState, ToAuditPanel } from '../../protocol/audit';
import type { PreprocessingOptions } from '../../protocol/preprocessing';
import type { Agreement, PruneReport } from '../../protocol/prune';
import type { EngineClient } from '../engine/client';
import type { Audited, Auditor } from './auditor';
import type { EditorSettings } from './memory';
import { Task } from './task';

/** What a job says until the engine first speaks of it. */
const WAITING = 'Waiting for the engine';

export interface SessionOptions {
  /** The model file. */
  path: string;
  /** What it is called in titles. */
  name: string;
  auditor: Auditor;
  engine: EngineClient;
  settings: EditorSettings;
  /** Keeps the settings for the next time the file is opened. */
  remember: (settings: EditorSettings) => void;
  trusted: () => boolean;
  /** At most this many inputs are run in a preview. */
  previewLimit: () => number;
}

/**
 * The audit of one file: what its panel shows, apart from any window. The panel may come and go; `messages()` tells a
 * new one everything.
 */
export class AuditSession {
  readonly path: string;
  readonly name: string;
  private readonly options: SessionOptions;
  private readonly release: () => void;
  private readonly listeners = new Set<(message: ToAuditPanel) => void>();
  private settings: EditorSettings;
  private jobU = { preview: 0, export: 0 };
  private readonly scanTask = new Task<Audited>(() => this.emit(this.scanMessage()));
  private readonly previewTask = new Task<Agreement>(() => this.emit(this.previewMessage()));
  private readonly exportTask = new Task<PruneReport>(() => this.emit(this.exportMessage()));

  constructor(options: SessionOptions) {
    this.options = options;
    this.path = options.path;
    this.name = options.name;
    this.settings = options.settings;
    this.release = options.engine.retain();
  }

  get u(): number {
    return this.settings.u;
  }

  get running(): boolean {
    return this.scanTask.running || this.previewTask.running || this.exportTask.running;
  }

  /** The finished audit, or null. */
  get audited(): Audited | null {
    return this.scanTask.state.state === 'done' ? this.scanTask.state.result : null;
  }

  /** The last export, or null. */
  get exported(): PruneReport | null {
    return this.exportTask.state.state === 'done' ? this.exportTask.state.result : null;
  }

  get images(): string | null {
    return this.settings.images;
  }

  /** Calls `listener` with every change from now on. Returns a function that stops it. */
  subscribe(listener: (message: ToAuditPanel) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything a panel shows, for one that has just been made. */
  messages(): ToAuditPanel[] {
    return [this.fileMessage(), this.previewMessage(), this.exportMessage(), this.scanMessage()];
  }

  /** Scans the file, or shows the kept result of the same bytes. */
  scan(useKept: boolean): Promise<void> {
    const { auditor } = this.options;
    return this.scanTask.run(WAITING, (hooks) =>
      auditor.audit(this.path, this.name, this.settings.u, { ...hooks, useKept }),
    );
  }

  /** The file on disk is no longer the one that was scanned: what is shown is out of date. */
  fileChanged(): Promise<void> {
    if (!this.previewTask.running) this.previewTask.reset();
    if (!this.exportTask.running) this.exportTask.reset();
    return this.scan(true);
  }

  /** Compares the predictions of the model and of its pruned self, by running both. The caller has asked for trust. */
  preview(u: number): Promise<void> {
    const { engine, previewLimit } = this.options;
    const { images, preprocessing } = this.settings;
    this.setU(u);
    this.jobU.preview = u;
    return this.previewTask.run(WAITING, (hooks) =>
      engine.request(
        'preview',
        {
          path: this.path,
          u,
          limit: previewLimit(),
          preprocessing,
          ...(images === null ? {} : { images }),
        },
        { ...hooks, title: `the preview of ${this.name}` },
      ),
    );
  }

  /** Writes the pruned model to `output`. The caller has asked for trust and, with `force`, for leave to replace. */
  export(u: number, output: string, force: boolean): Promise<void> {
    this.setU(u);
    this.jobU.export = u;
    return this.exportTask.run(WAITING, (hooks) =>
      this.options.engine.request(
        'prune',
        { path: this.path, u, output, force },
        { ...hooks, title: `the export of ${this.name}` },
      ),
    );
  }

  cancel(job: 'scan' | 'preview' | 'export'): void {
    ({ scan: this.scanTask, preview: this.previewTask, export: this.exportTask })[job].cancel();
  }

  cancelAll(): void {
    for (const job of ['scan', 'preview', 'export'] as const) this.cancel(job);
  }

  setU(u: number): void {
    this.change({ u });
  }

  setImages(images: string | null): void {
    this.change({ images });
    this.emit(this.previewMessage());
  }

  setPreprocessing(preprocessing: PreprocessingOptions): void {
    this.change({ preprocessing });
    this.emit(this.previewMessage());
  }

  /** Tells the panel again whether the workspace is trusted. */
  trustChanged(): void {
    this.emit(this.fileMessage());
  }

  dispose(): void {
    this.cancelAll();
    this.listeners.clear();
    this.release();
  }

  private change(change: Partial<EditorSettings>): void {
    this.settings = { ...this.settings, ...change };
    this.options.remember(this.settings);
  }

  private emit(message: ToAuditPanel): void {
    for (const listener of this.listeners) listener(message);
  }

  private fileMessage(): ToAuditPanel {
    const { path, name } = this;
    return { kind: 'file', path, name, trusted: this.options.trusted(), u: this.settings.u };
  }

  private scanMessage(): ToAuditPanel {
    const { state } = this.scanTask;
    const scan: ScanState =
      state.state === 'done'
        ? { state: 'done', ...state.result }
        : state.state === 'idle'
          ? { state: 'running', message: WAITING, fraction: null, secondsLeft: null, stalled: false }
          : state;
    return { kind: 'scan', scan };
  }

  private previewMessage(): ToAuditPanel {
    const { images, preprocessing } = this.settings;
    const preview: PreviewState = withU(this.previewTask.state, this.jobU.preview);
    return { kind: 'preview', preview, images, preprocessing };
  }

  private exportMessage(): ToAuditPanel {
    return { kind: 'export', export: withU(this.exportTask.state, this.jobU.export) };
  }
}

function withU<S extends { state: string }>(state: S, u: number): S & { u: number } {
  return { ...state, u };
}
