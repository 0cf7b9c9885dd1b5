import { randomBytes } from 'node:crypto';
import type { AttackFile } from '../../protocol/attack';
import type {
  CleanseParams,
  CleansingDescription,
  CleansingEvent,
  CleansingRun,
  RunList,
  StudentPreview,
} from '../../protocol/cleansing';
import type { CleansingPlan, FromCleansingPanel, ToCleansingPanel } from '../../protocol/cleansing-panel';
import type { DataDescription } from '../../protocol/evaluation';
import type { ResultOf } from '../../protocol/engine';
import { ScourError } from '../../protocol/errors';
import type { TfjsPackage, TfjsSearch, TrainingEngineChoice } from '../../protocol/training-engine';
import { Task } from '../audit/task';
import type { EngineClient } from '../engine/client';
import {
  newAttack,
  withAttack,
  withEdited,
  withFile,
  withOwnFiles,
  type AttackKind,
} from '../evaluation/plan';
import { obstacle, orderOf, planOfRun, withFittingRatios } from './plan';
import { StepTrail } from './steps';

const WAITING = 'Waiting for the engine';
/** Images that a student is previewed on, and previews that are kept to compare. */
const PREVIEW_IMAGES = 500;
const PREVIEWS = 20;

export type CleansingJob = Extract<FromCleansingPanel, { kind: 'cancel' }>['job'];
type ImageSet = Extract<FromCleansingPanel, { kind: 'describeImages' }>['set'];
type Change = Extract<FromCleansingPanel, { kind: 'edit' }>['change'];
type Exported = ResultOf<'exportStudent'>;

export interface CleansingOptions {
  readonly path: string;
  readonly name: string;
  readonly engine: Pick<EngineClient, 'request' | 'retain'>;
  /** Runs trainings, in a process of its own: scans and evaluations need not wait for them. */
  readonly trainer: Pick<EngineClient, 'request'>;
  /** Folder that holds the runs. */
  readonly store: string;
  readonly plan: CleansingPlan;
  /** Keeps the plan for the next time that this model is cleansed. */
  readonly remember: (plan: CleansingPlan) => void;
  readonly trusted: () => boolean;
  /** The user's setting, as it is now. */
  readonly trainingEngine: () => TrainingEngineChoice;
  /** Where the settings say that TensorFlow.js is looked for, whether it is chosen or not. */
  readonly tfjsSearch: () => TfjsSearch;
}

/** The cleansing of one model: what its panel shows, apart from any window. `messages()` tells a new panel everything. */
export class CleansingSession {
  readonly path: string;
  readonly name: string;
  private readonly options: CleansingOptions;
  private readonly release: () => void;
  private readonly listeners = new Set<(message: ToCleansingPanel) => void>();
  private plan: CleansingPlan;
  private previews: StudentPreview[] = [];
  private list: RunList = { runs: [], damaged: [] };
  private readonly steps = new StepTrail();
  private current: { id: string; pause: AbortController } | null = null;
  private packages: TfjsPackage[] | null = null;
  private exportedRun: string | null = null;
  private readonly tasks = {
    description: new Task<CleansingDescription>(() => this.emit(this.descriptionMessage())),
    data: new Task<DataDescription>(() => this.emit(this.imagesMessage('data'))),
    monitor: new Task<DataDescription>(() => this.emit(this.imagesMessage('monitor'))),
    preview: new Task<StudentPreview>(() => this.emit(this.previewMessage())),
    run: new Task<CleansingRun>(() => this.emit(this.jobMessage())),
    export: new Task<Exported>(() => this.emit(this.exportMessage())),
  };

  constructor(options: CleansingOptions) {
    this.options = options;
    this.path = options.path;
    this.name = options.name;
    this.plan = options.plan;
    this.release = options.engine.retain();
  }

  /** True while a student is trained. */
  get running(): boolean {
    return this.tasks.run.running;
  }

  /** Where the run stands, for a notification. */
  get progress(): string {
    const { state } = this.tasks.run;
    return state.state === 'running' ? state.message : '';
  }

  /** Layer names in the order of the ratios, with their ratios; null until both are known. */
  get ratios(): { names: string[]; values: readonly number[]; defaults: readonly number[] } | null {
    const { state } = this.tasks.description;
    if (state.state !== 'done' || this.plan.ratios === null) return null;
    const names = state.result.stages.flatMap(({ layers }) => layers.map(({ name }) => name));
    return { names, values: this.plan.ratios, defaults: state.result.presets[0]?.ratios ?? [] };
  }

  /** Where images of this set were last chosen; null before. */
  imagesAt(set: ImageSet): string | null {
    return set === 'data' ? this.plan.data : this.plan.monitorData;
  }

  /** The student exported last, or null. */
  get exported(): Exported | null {
    const { state } = this.tasks.export;
    return state.state === 'done' ? state.result : null;
  }

  run(id: string): CleansingRun | undefined {
    return this.list.runs.find((run) => run.id === id);
  }

  /** Calls `listener` with every change from now on. Returns a function that stops it. */
  subscribe(listener: (message: ToCleansingPanel) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything a panel shows, for one that has just been made. */
  messages(): ToCleansingPanel[] {
    const { current } = this;
    return [
      this.modelMessage(),
      this.planMessage(true),
      this.descriptionMessage(),
      ...this.engineMessages(),
      this.imagesMessage('data'),
      this.imagesMessage('monitor'),
      this.previewMessage(),
      this.runsMessage(),
      this.jobMessage(),
      ...(current === null
        ? []
        : [{ kind: 'steps' as const, id: current.id, steps: [...this.steps.points] }]),
      this.exportMessage(),
    ];
  }

  /** Finds out what of the model can be re-drawn, and which runs there are of it. Runs nothing. */
  async describe(): Promise<void> {
    const { engine } = this.options;
    await this.tasks.description.run(WAITING, (hooks) =>
      engine.request(
        'describeCleansing',
        { path: this.path },
        { ...hooks, title: `the layers of ${this.name}` },
      ),
    );
    const { state } = this.tasks.description;
    if (state.state !== 'done') return;
    const fitting = withFittingRatios(this.plan, state.result);
    if (fitting !== this.plan) this.replace(fitting, true);
    await this.refreshRuns();
  }

  /** Finds out which packages of TensorFlow.js could train. Runs nothing. */
  async describeEngine(): Promise<void> {
    const { engine, tfjsSearch } = this.options;
    const title = 'the look for TensorFlow.js';
    this.packages = (await engine.request('findTfjs', tfjsSearch(), { title })).packages;
    for (const message of this.engineMessages()) this.emit(message);
  }

  /** Finds out what the chosen images are and how they would become the model's input. Runs nothing. */
  async describeImages(set: ImageSet): Promise<void> {
    const data = this.imagesAt(set);
    const task = this.tasks[set];
    if (data === null) {
      task.reset();
      return;
    }
    const { preprocessing } = this.plan;
    await task.run(WAITING, (hooks) =>
      this.options.engine.request(
        'describeData',
        { model: this.path, data, preprocessing },
        { ...hooks, title: 'the look at the images' },
      ),
    );
  }

  setImages(set: ImageSet, data: string | null): void {
    this.replace({ ...this.plan, ...(set === 'data' ? { data } : { monitorData: data }) });
    void this.describeImages(set);
  }

  edit(change: Change): void {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    this.replace({ ...this.plan, ...(Object.fromEntries(given) as Partial<CleansingPlan>) });
    if (change.preprocessing === undefined) return;
    void this.describeImages('data');
    void this.describeImages('monitor');
  }

  /** Ratios from a file. */
  setRatios(ratios: readonly number[]): void {
    this.replace({ ...this.plan, ratios: [...ratios], preset: null }, true);
  }

  /** Takes over what a run was made of. */
  reuse(id: string): void {
    const run = this.run(id);
    if (run === undefined) return;
    this.replace(planOfRun(this.plan, run.order), true);
    void this.describeImages('data');
  }

  addAttack(kind: AttackKind, files: Partial<Record<AttackFile, string>>): void {
    const attack = newAttack(kind, files);
    if (attack !== null) this.replace(withAttack(this.plan, attack));
  }

  editAttack({ id, attack }: Extract<FromCleansingPanel, { kind: 'editAttack' }>): void {
    this.replace(withEdited(this.plan, id, (before) => withOwnFiles(before, attack)));
  }

  setAttackFile(id: number, field: AttackFile, file: string): void {
    this.replace(withEdited(this.plan, id, (attack) => withFile(attack, field, file)));
  }

  removeAttack(id: number): void {
    this.replace({ ...this.plan, attacks: this.plan.attacks.filter((planned) => planned.id !== id) });
  }

  /** Shows what the student would predict just after its re-initialisation. The caller has asked for trust. */
  async preview(): Promise<void> {
    const { data, samples, ratios, clpU, training, preprocessing, device } = this.plan;
    if (data === null || ratios === null)
      throw new ScourError('no-data', 'Choose the unlabeled images first.');
    const { seed, restoreNorms } = training;
    const chosen = { data, samples, ratios, clpU, seed, restoreNorms, preprocessing, device };
    await this.tasks.preview.run(WAITING, async (hooks) => {
      const preview = await this.options.engine.request(
        'previewStudent',
        { path: this.path, limit: PREVIEW_IMAGES, ...chosen },
        { ...hooks, title: `the preview of a student of ${this.name}` },
      );
      this.previews = [preview, ...this.previews].slice(0, PREVIEWS);
      return preview;
    });
  }

  /** Starts a run. The caller has asked for trust. */
  async start(): Promise<void> {
    const why = obstacle(this.plan);
    if (why !== null) throw new ScourError('not-runnable', why);
    const { store } = this.options;
    const order = orderOf(this.plan, this.path, this.options.trainingEngine());
    await this.train({ kind: 'start', store, id: newRunId(new Date()), order });
  }

  /** Continues a run that was paused or interrupted. The caller has asked for trust. */
  async resume(id: string): Promise<void> {
    const { store } = this.options;
    await this.train({ kind: 'resume', store, id, path: this.path });
  }

  /** Ends the run after the step at hand; it can go on later. */
  pause(): void {
    if (!this.running || this.current === null) return;
    this.current.pause.abort();
    this.emit(this.jobMessage());
  }

  /** Removes a run with all that is kept of it. The caller has asked. */
  async deleteRun(id: string): Promise<void> {
    const { engine, store } = this.options;
    if (this.running && this.current?.id === id)
      throw new ScourError('busy', 'This run is going on: cancel it before you delete it.');
    await engine.request('deleteRun', { store, id }, { title: 'the removal of a run' });
    await this.refreshRuns();
  }

  /** Writes the student of a run. The caller has asked for trust and, with `force`, for leave to replace. */
  async export(id: string, output: string, force: boolean): Promise<void> {
    const { engine, store } = this.options;
    this.exportedRun = id;
    await this.tasks.export.run(WAITING, (hooks) =>
      engine.request(
        'exportStudent',
        { store, id, path: this.path, output, force },
        { ...hooks, title: 'the export of a student' },
      ),
    );
  }

  cancel(job: CleansingJob): void {
    this.tasks[job].cancel();
  }

  /** Tells the panel again whether the workspace is trusted. */
  trustChanged(): void {
    this.emit(this.modelMessage());
  }

  dispose(): void {
    for (const task of Object.values(this.tasks)) task.cancel();
    this.listeners.clear();
    this.release();
  }

  private async train(params: CleanseParams): Promise<void> {
    if (this.running) throw new ScourError('busy', 'A student is being trained already.');
    const pause = new AbortController();
    this.current = { id: params.id, pause };
    this.steps.clear();
    this.emit({ kind: 'steps', id: params.id, steps: [] });
    await this.tasks.run.run(WAITING, (hooks) =>
      this.options.trainer.request(
        'cleanse',
        params,
        { ...hooks, pause: pause.signal, title: `the cleansing of ${this.name}` },
        (event) => this.heard(params.id, event),
      ),
    );
    await this.refreshRuns();
  }

  private heard(id: string, event: CleansingEvent): void {
    if (event.kind === 'step') {
      if (this.steps.add(event.point)) this.emit({ kind: 'step', id, step: event.point });
      return;
    }
    const { run } = event;
    const others = this.list.runs.filter((each) => each.id !== run.id);
    const runs = [run, ...others].sort((a, b) => (a.id < b.id ? 1 : -1));
    this.list = { ...this.list, runs };
    this.emit({ kind: 'run', run });
  }

  private async refreshRuns(): Promise<void> {
    const { state } = this.tasks.description;
    if (state.state !== 'done') return;
    const { engine, store } = this.options;
    const { key } = state.result;
    this.list = await engine.request('listRuns', { store, key }, { title: 'the list of runs' });
    this.emit(this.runsMessage());
  }

  private replace(plan: CleansingPlan, loaded = false): void {
    this.plan = plan;
    this.options.remember(plan);
    this.emit(this.planMessage(loaded));
  }

  private emit(message: ToCleansingPanel): void {
    for (const listener of this.listeners) listener(message);
  }

  private modelMessage(): ToCleansingPanel {
    return { kind: 'model', path: this.path, name: this.name, trusted: this.options.trusted() };
  }

  private planMessage(loaded: boolean): ToCleansingPanel {
    return { kind: 'plan', plan: this.plan, obstacle: obstacle(this.plan), loaded };
  }

  private descriptionMessage(): ToCleansingPanel {
    return { kind: 'description', description: this.tasks.description.state };
  }

  private engineMessages(): ToCleansingPanel[] {
    const { packages } = this;
    if (packages === null) return [];
    return [{ kind: 'engine', chosen: this.options.trainingEngine().name, packages }];
  }

  private imagesMessage(set: ImageSet): ToCleansingPanel {
    return { kind: 'images', set, images: this.tasks[set].state };
  }

  private previewMessage(): ToCleansingPanel {
    return { kind: 'preview', preview: this.tasks.preview.state, previews: this.previews };
  }

  private runsMessage(): ToCleansingPanel {
    return { kind: 'runs', ...this.list };
  }

  private jobMessage(): ToCleansingPanel {
    const { state } = this.tasks.run;
    const pausing = state.state === 'running' && (this.current?.pause.signal.aborted ?? false);
    return { kind: 'job', id: this.current?.id ?? null, job: state, pausing };
  }

  private exportMessage(): ToCleansingPanel {
    return { kind: 'export', id: this.exportedRun, export: this.tasks.export.state };
  }
}

/** "20261121-130501-1f3c9a2b": sorts by time, and names the run's folder. */
function newRunId(now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${randomBytes(4).toString('hex')}`;
}
