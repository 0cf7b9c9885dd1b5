import type { AttackFile } from '../../protocol/attack';
import type {
  DataDescription,
  EvaluationReport,
  SweepReport,
  TriggerPreview,
} from '../../protocol/evaluation';
import type {
  EvaluationPlan,
  FromEvaluationPanel,
  ReportFormat,
  ToEvaluationPanel,
} from '../../protocol/evaluation-panel';
import type { EngineMethod, ParamsOf, ResultOf } from '../../protocol/engine';
import { ScourError } from '../../protocol/errors';
import { Task } from '../audit/task';
import type { EngineClient } from '../engine/client';
import {
  evaluateParams,
  newAttack,
  obstacle,
  sweepParams,
  withAttack,
  withEdited,
  withFile,
  withOwnFiles,
  type AttackKind,
} from './plan';
import { reportWithSweep } from './report-with-sweep';

const WAITING = 'Waiting for the engine';
/** Images that a trigger is shown on. */
const PREVIEW_IMAGES = 4;

export type EvaluationJob = Extract<FromEvaluationPanel, { kind: 'cancel' }>['job'];
type Change = Extract<FromEvaluationPanel, { kind: 'edit' }>['change'];

export interface ModelFile {
  path: string;
  name: string;
}

export interface EvaluationOptions {
  /** One or several; the first is the one that the others are compared with. */
  models: readonly ModelFile[];
  engine: Pick<EngineClient, 'request' | 'retain'>;
  plan: EvaluationPlan;
  /** Keeps the plan for the next time that these models are evaluated. */
  remember: (models: readonly ModelFile[], plan: EvaluationPlan) => void;
  trusted: () => boolean;
}

interface Exported {
  format: ReportFormat;
  output: string;
  bytes: number;
  sha256: string;
}

/** The evaluation of some models: what its panel shows, apart from any window. `messages()` tells a new panel everything. */
export class EvaluationSession {
  private readonly options: EvaluationOptions;
  private readonly release: () => void;
  private readonly listeners = new Set<(message: ToEvaluationPanel) => void>();
  private subjects: readonly ModelFile[];
  private plan: EvaluationPlan;
  /** What the last run, the last sweep and the last description were asked, as text, to tell whether they are out of date. */
  private asked = { run: '', sweep: '', description: '' };
  private previewed: number | null = null;
  private readonly tasks = {
    description: new Task<DataDescription>(() => this.emit(this.descriptionMessage())),
    trigger: new Task<TriggerPreview>(() => this.emit(this.triggerMessage())),
    run: new Task<EvaluationReport>(() => this.emit({ kind: 'run', run: this.tasks.run.state })),
    sweep: new Task<SweepReport>(() => this.emit({ kind: 'sweep', sweep: this.tasks.sweep.state })),
    export: new Task<Exported>(() => this.emit({ kind: 'export', export: this.tasks.export.state })),
  };

  constructor(options: EvaluationOptions) {
    this.options = options;
    this.subjects = options.models;
    this.plan = options.plan;
    this.release = options.engine.retain();
  }

  get models(): readonly ModelFile[] {
    return this.subjects;
  }

  /** Where the images come from; null until they are chosen. */
  get data(): string | null {
    return this.plan.data;
  }

  /** The finished report, with the sweep of a model that answers the same question; null without one. */
  get report(): EvaluationReport | null {
    const { run, sweep } = this.tasks;
    if (run.state.state !== 'done') return null;
    return reportWithSweep(run.state.result, sweep.state.state === 'done' ? sweep.state.result : null);
  }

  /** The file written last, or null. */
  get exported(): Exported | null {
    const { state } = this.tasks.export;
    return state.state === 'done' ? state.result : null;
  }

  /** Calls `listener` with every change from now on. Returns a function that stops it. */
  subscribe(listener: (message: ToEvaluationPanel) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything a panel shows, for one that has just been made. */
  messages(): ToEvaluationPanel[] {
    return [
      this.modelsMessage(),
      this.planMessage(),
      this.descriptionMessage(),
      this.triggerMessage(),
      { kind: 'run', run: this.tasks.run.state },
      { kind: 'sweep', sweep: this.tasks.sweep.state },
      { kind: 'export', export: this.tasks.export.state },
    ];
  }

  /** Adds models that are not among those of the session. */
  addModels(models: readonly ModelFile[]): void {
    const known = new Set(this.subjects.map(({ path }) => path));
    this.setModels([...this.subjects, ...models.filter(({ path }) => !known.has(path))]);
  }

  /** Takes a model out; the last one stays. */
  removeModel(path: string): void {
    const left = this.subjects.filter((model) => model.path !== path);
    if (left.length > 0) this.setModels(left);
  }

  setData(data: string): void {
    this.change({ data });
    void this.describe();
  }

  edit(change: Change): void {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    this.change(Object.fromEntries(given));
    if (change.preprocessing !== undefined) void this.describe();
  }

  addAttack(kind: AttackKind, files: Partial<Record<AttackFile, string>>): void {
    const attack = newAttack(kind, files);
    if (attack !== null) this.replace(withAttack(this.plan, attack));
  }

  editAttack({ id, attack }: Extract<FromEvaluationPanel, { kind: 'editAttack' }>): void {
    this.replace(withEdited(this.plan, id, (before) => withOwnFiles(before, attack)));
  }

  setAttackFile(id: number, field: AttackFile, file: string): void {
    this.replace(withEdited(this.plan, id, (attack) => withFile(attack, field, file)));
  }

  removeAttack(id: number): void {
    if (this.previewed === id) {
      this.previewed = null;
      this.tasks.trigger.reset();
    }
    this.replace({ ...this.plan, attacks: this.plan.attacks.filter((planned) => planned.id !== id) });
  }

  /** Finds out what the chosen images are and how they would become the model's input. Runs nothing. */
  async describe(): Promise<void> {
    const { data, preprocessing } = this.plan;
    if (data === null) return;
    const params = { model: this.subjects[0]!.path, data, preprocessing };
    const asked = JSON.stringify(params);
    const { state } = this.tasks.description;
    // A panel that is shown again asks again: what is known or on its way is not fetched twice.
    if (asked === this.asked.description && (state.state === 'done' || state.state === 'running')) return;
    this.asked.description = asked;
    await this.start('description', 'describeData', params, 'the look at the images');
  }

  /** Shows a trigger on a few of the images. The caller has asked for trust: some triggers are made by networks. */
  async previewTrigger(id: number): Promise<void> {
    const { data, preprocessing, seed } = this.plan;
    const planned = this.plan.attacks.find((one) => one.id === id);
    if (planned === undefined) return;
    if (data === null) throw new ScourError('no-data', 'Choose the images first.');
    this.previewed = id;
    await this.start(
      'trigger',
      'previewTrigger',
      {
        model: this.subjects[0]!.path,
        data,
        attack: planned.attack,
        preprocessing,
        count: PREVIEW_IMAGES,
        seed,
      },
      'the preview of a trigger',
    );
  }

  /** Measures every model. The caller has asked for trust. */
  async run(): Promise<void> {
    this.requireRunnable();
    const params = evaluateParams(
      this.plan,
      this.subjects.map(({ path }) => path),
    );
    this.asked.run = JSON.stringify(params);
    this.emit(this.planMessage());
    await this.start('run', 'evaluate', params, 'the evaluation');
  }

  /** Measures one of the models pruned at several u. The caller has asked for trust. */
  async sweep(path: string): Promise<void> {
    if (!this.subjects.some((model) => model.path === path)) return;
    this.requireRunnable();
    const params = sweepParams(this.plan, path);
    this.asked.sweep = JSON.stringify(params);
    this.emit(this.planMessage());
    await this.start('sweep', 'sweep', params, 'the sweep over u');
  }

  /** Writes the report as a file. The caller has asked for leave to replace one that exists. */
  async export(format: ReportFormat, output: string, force: boolean): Promise<void> {
    const { report } = this;
    if (report === null) return;
    const { engine } = this.options;
    await this.tasks.export.run(WAITING, async (hooks) => {
      const written = await engine.request(
        'exportEvaluation',
        { report, format, output, force },
        { ...hooks, title: 'the export of a report' },
      );
      return { ...written, format };
    });
  }

  cancel(job: EvaluationJob): void {
    this.tasks[job].cancel();
  }

  /** Tells the panel again whether the workspace is trusted. */
  trustChanged(): void {
    this.emit(this.modelsMessage());
  }

  dispose(): void {
    for (const task of Object.values(this.tasks)) task.cancel();
    this.listeners.clear();
    this.release();
  }

  private start<M extends EngineMethod>(
    job: Exclude<EvaluationJob, 'export'>,
    method: M,
    params: ParamsOf<M>,
    title: string,
  ): Promise<void> {
    const task = this.tasks[job] as unknown as Task<ResultOf<M>>;
    return task.run(WAITING, (hooks) => this.options.engine.request(method, params, { ...hooks, title }));
  }

  private requireRunnable(): void {
    const why = obstacle(this.plan);
    if (why !== null) throw new ScourError('not-runnable', why);
  }

  private setModels(models: readonly ModelFile[]): void {
    const first = this.subjects[0];
    this.subjects = models;
    this.emit(this.modelsMessage());
    this.replace(this.plan);
    if (models[0] !== first) void this.describe();
  }

  private change(change: Partial<EvaluationPlan>): void {
    this.replace({ ...this.plan, ...change });
  }

  private replace(plan: EvaluationPlan): void {
    this.plan = plan;
    this.options.remember(this.subjects, plan);
    this.emit(this.planMessage());
  }

  private emit(message: ToEvaluationPanel): void {
    for (const listener of this.listeners) listener(message);
  }

  private modelsMessage(): ToEvaluationPanel {
    return { kind: 'models', models: [...this.subjects], trusted: this.options.trusted() };
  }

  private planMessage(): ToEvaluationPanel {
    const { run, sweep } = this.tasks;
    const paths = this.subjects.map(({ path }) => path);
    const swept = sweep.state.state === 'done' ? sweep.state.result.path : null;
    return {
      kind: 'plan',
      plan: this.plan,
      outdated: {
        run:
          run.state.state === 'done' && this.asked.run !== JSON.stringify(evaluateParams(this.plan, paths)),
        sweep: swept !== null && this.asked.sweep !== JSON.stringify(sweepParams(this.plan, swept)),
      },
    };
  }

  private descriptionMessage(): ToEvaluationPanel {
    return { kind: 'description', description: this.tasks.description.state };
  }

  private triggerMessage(): ToEvaluationPanel {
    return { kind: 'trigger', id: this.previewed, trigger: this.tasks.trigger.state };
  }
}
