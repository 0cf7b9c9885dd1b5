import { ScourError } from '../../protocol/errors';
import type { DataDescription } from '../../protocol/evaluation';
import type { SplitEpoch } from '../../protocol/split';
import type { FoundSplit, SplitEvent, SplitOutcome, SplitParams } from '../../protocol/splitting';
import type {
  FromSplittingPanel,
  SplitFile,
  SplittingPlan,
  ToSplittingPanel,
} from '../../protocol/splitting-panel';
import type { LabelledSet, SeedQuery } from '../../protocol/seed-picking';
import { visible } from '../../protocol/wording';
import { Task } from '../audit/task';
import type { EngineClient } from '../engine/client';
import { digestOf, seedList, unlistable } from './picks';
import { obstacle, orderOf } from './plan';
import { SeedPicker } from './seed-picker';
import { SuspectGallery } from './suspects';

const WAITING = 'Waiting for the engine';

type Change = Extract<FromSplittingPanel, { kind: 'edit' }>['change'];
export type SplittingJob = Extract<FromSplittingPanel, { kind: 'cancel' }>['job'];

export interface SplittingOptions {
  /** The dataset. */
  readonly path: string;
  readonly name: string;
  readonly engine: Pick<EngineClient, 'request' | 'retain'>;
  /** Runs trainings, in a process of its own: scans and evaluations need not wait for them. */
  readonly trainer: Pick<EngineClient, 'request'>;
  readonly plan: SplittingPlan;
  readonly remember: (plan: SplittingPlan) => void;
  readonly trusted: () => boolean;
}

/** The splitting of one dataset: what its panel shows, apart from any window. `messages()` tells a new panel everything. */
export class SplittingSession {
  readonly path: string;
  readonly name: string;
  private readonly options: SplittingOptions;
  private readonly release: () => void;
  private readonly listeners = new Set<(message: ToSplittingPanel) => void>();
  private plan: SplittingPlan;
  private known: FoundSplit | null = null;
  private history: SplitEpoch[] = [];
  private notes: string[] = [];
  private pausing: AbortController | null = null;
  /** True once the run at hand trains. */
  private training = false;
  private readonly seeds: SeedPicker;
  /** The ranked images of the results at the output folder. */
  readonly suspects: SuspectGallery;
  private readonly tasks = {
    set: new Task<LabelledSet>(() => this.emit(this.setMessage())),
    images: new Task<DataDescription>(() => this.emit(this.imagesMessage())),
    run: new Task<SplitOutcome>(() => this.emit(this.jobMessage())),
  };

  constructor(options: SplittingOptions) {
    this.options = options;
    this.path = options.path;
    this.name = options.name;
    this.plan = options.plan;
    this.release = options.engine.retain();
    this.seeds = new SeedPicker({
      data: options.path,
      engine: options.engine,
      picks: () => this.plan.picks,
      onPicks: (picks) => this.replace({ ...this.plan, picks }),
      emit: (message) => this.emit(message),
    });
    this.suspects = new SuspectGallery({
      data: options.path,
      engine: options.engine,
      plan: () => this.plan,
      onQuarantine: (quarantine) => this.replace({ ...this.plan, quarantine }),
      emit: (message) => this.emit(message),
    });
  }

  /** True while a model is trained. */
  get running(): boolean {
    return this.tasks.run.running;
  }

  /** Where the run stands, for a notification. */
  get progress(): string {
    const { state } = this.tasks.run;
    return state.state === 'running' ? state.message : '';
  }

  /** What lies at the output folder; null where it is not known. */
  get found(): FoundSplit | null {
    return this.known;
  }

  fileOf(field: SplitFile | 'quarantine'): string | null {
    return this.plan[field];
  }

  /** Calls `listener` with every change from now on. Returns a function that stops it. */
  subscribe(listener: (message: ToSplittingPanel) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything a panel shows, for one that has just been made. */
  messages(): ToSplittingPanel[] {
    return [
      this.datasetMessage(),
      this.planMessage(),
      this.setMessage(),
      this.seeds.message(),
      this.imagesMessage(),
      this.foundMessage(),
      this.jobMessage(),
      this.historyMessage(),
      ...this.suspects.messages(),
    ];
  }

  /** Finds out what the dataset holds, and how its images would become the input of the architecture. Runs nothing. */
  async describe(): Promise<void> {
    await this.tasks.set.run(WAITING, (hooks) =>
      this.options.engine.request(
        'describeLabelled',
        { data: this.path },
        { ...hooks, title: 'the look at the dataset' },
      ),
    );
    if (this.tasks.set.state.state === 'done') await this.fit();
  }

  private async fit(): Promise<void> {
    const { architecture: model, preprocessing } = this.plan;
    if (model === null) return;
    await this.tasks.images.run(WAITING, (hooks) =>
      this.options.engine.request(
        'describeData',
        { model, data: this.path, part: 'train', preprocessing },
        { ...hooks, title: 'the look at the images' },
      ),
    );
  }

  /** Finds out what lies at the output folder: an interrupted run, results. */
  async look(): Promise<void> {
    const { output } = this.plan;
    this.known =
      output === null
        ? null
        : await this.options.engine.request(
            'findSplit',
            { output },
            { title: 'the look at the output folder' },
          );
    this.emit(this.foundMessage());
    const report = this.known?.report ?? null;
    if (this.running || report === null) return;
    this.history = report.history;
    this.notes = report.notes;
    this.emit(this.historyMessage());
    await this.suspects.show();
  }

  async setFile(field: SplitFile, file: string | null): Promise<void> {
    if (field === 'output' && this.running) throw busy();
    this.replace({ ...this.plan, [field]: file });
    if (field === 'architecture') await this.fit();
    if (field !== 'output') return;
    this.history = [];
    this.notes = [];
    this.suspects.reset();
    this.tasks.run.reset();
    this.emit(this.historyMessage());
    await this.look();
  }

  async edit(change: Change): Promise<void> {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    this.replace({ ...this.plan, ...(Object.fromEntries(given) as Partial<SplittingPlan>) });
    if (change.preprocessing !== undefined) await this.fit();
  }

  /** Runs, or goes on with, ASD. The caller has asked for trust and, with `replace`, for leave to replace. */
  async run(start: SplitParams['start']): Promise<void> {
    const why = obstacle(this.plan);
    if (why !== null) throw new ScourError('not-runnable', why);
    if (this.running) throw busy();
    const pause = new AbortController();
    this.pausing = pause;
    this.training = false;
    this.history = [];
    this.notes = [];
    this.suspects.reset();
    this.emit(this.historyMessage());
    await this.tasks.run.run(WAITING, (hooks) =>
      this.options.trainer.request(
        'split',
        { order: orderOf(this.plan, this.path), start },
        { ...hooks, pause: pause.signal, title: `the splitting of ${this.name}` },
        (event) => this.heard(event),
      ),
    );
    await this.look();
  }

  /** Ends the run after the step or batch at hand; it can go on later. There is nothing to pause before it trains. */
  pause(): void {
    if (!this.running || !this.training) return;
    this.pausing?.abort();
    this.emit(this.jobMessage());
  }

  /** Shows images of a class to pick seeds from. */
  async showSeeds(query: SeedQuery): Promise<void> {
    const { state } = this.tasks.set;
    const label = state.state === 'done' ? state.result.classes[query.label]?.name : undefined;
    if (label !== undefined) await this.seeds.show(query, label);
  }

  pick(name: string, picked: boolean): void {
    this.seeds.pick(name, picked);
  }

  /** Where the picked seeds were saved last; null where they never were. */
  get seedFile(): string | null {
    return this.plan.saved?.file ?? null;
  }

  /** The picked seeds as a list. Throws ScourError where a name cannot stand in one. */
  get seedList(): string {
    const [odd] = unlistable(this.plan.picks);
    if (odd !== undefined)
      throw new ScourError(
        'bad-value',
        `The name '${visible(odd, 80)}' cannot stand in a list of one name a line. Put the seeds into a folder instead.`,
      );
    return seedList(this.plan.picks);
  }

  /** Uses the picked seeds, which the caller has written to a file. */
  useSeeds(file: string): void {
    this.replace({ ...this.plan, seeds: file, saved: { file, digest: digestOf(this.plan.picks) } });
  }

  cancel(job: SplittingJob): void {
    if (job === 'seeds') this.seeds.cancel();
    else if (job === 'page' || job === 'move') this.suspects.cancel(job);
    else this.tasks[job].cancel();
  }

  /** Tells the panel again whether the workspace is trusted. */
  trustChanged(): void {
    this.emit(this.datasetMessage());
  }

  dispose(): void {
    for (const task of Object.values(this.tasks)) task.cancel();
    this.seeds.cancel();
    this.suspects.cancel('page');
    this.suspects.cancel('move');
    this.listeners.clear();
    this.release();
  }

  private heard(event: SplitEvent): void {
    switch (event.kind) {
      case 'started':
        this.history = event.history;
        this.training = true;
        this.emit(this.jobMessage());
        break;
      case 'epoch':
        this.history = [...this.history, event.epoch];
        break;
      case 'note':
        this.notes = [...this.notes, event.note];
    }
    this.emit(this.historyMessage());
  }

  private replace(plan: SplittingPlan): void {
    this.plan = plan;
    this.options.remember(plan);
    this.emit(this.planMessage());
  }

  private emit(message: ToSplittingPanel): void {
    for (const listener of this.listeners) listener(message);
  }

  private datasetMessage(): ToSplittingPanel {
    return { kind: 'dataset', path: this.path, trusted: this.options.trusted() };
  }

  private planMessage(): ToSplittingPanel {
    return { kind: 'plan', plan: this.plan, obstacle: obstacle(this.plan) };
  }

  private setMessage(): ToSplittingPanel {
    return { kind: 'set', set: this.tasks.set.state };
  }

  private imagesMessage(): ToSplittingPanel {
    return { kind: 'images', images: this.tasks.images.state };
  }

  private foundMessage(): ToSplittingPanel {
    return { kind: 'found', found: this.known };
  }

  private jobMessage(): ToSplittingPanel {
    const pausing = this.running && (this.pausing?.signal.aborted ?? false);
    return { kind: 'job', job: this.tasks.run.state, pausable: this.running && this.training, pausing };
  }

  private historyMessage(): ToSplittingPanel {
    return { kind: 'history', history: this.history, notes: this.notes };
  }
}

function busy(): ScourError {
  return new ScourError('busy', 'This dataset is being split already.');
}
