import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { AttackFile } from '../../protocol/attack';
import { FromCleansingPanelSchema, type FromCleansingPanel } from '../../protocol/cleansing-panel';
import { OutputError, UsageError } from '../../protocol/errors';
import { parseRatioFile, ratioFile } from '../../protocol/ratio-file';
import { visible } from '../../protocol/wording';
import { openAudit } from '../audit/actions';
import type { EditorMemory } from '../audit/memory';
import { announceEnd, followInBackground } from '../background-run';
import type { EngineClient } from '../engine/client';
import { chooseAttackFile } from '../evaluation/dialogs';
import type { Evaluator } from '../evaluation/evaluator';
import type { PlanMemory } from '../evaluation/memory';
import { neededFiles, type AttackKind } from '../evaluation/plan';
import { examineTarget } from '../export-target';
import { localPath, nameOf } from '../local-file';
import { writeAtomically } from '../results/files';
import { chosenTrainingEngine, tfjsSearch } from '../settings';
import { showPanel } from '../show-panel';
import { manageTrust, requireTrust } from '../trust';
import { chooseImages, chooseRatioFile, chooseRatios, chooseStudentFile, confirmDeletion } from './dialogs';
import type { CleansingMemory } from './memory';
import { initialPlan } from './plan';
import { CleansingSession } from './session';

export const CLEANSING_PANEL = 'scour.cleansing';
const RUNNING = 'Running and training a model';
/** A file of ratios is a line a layer. */
const MOST_RATIO_BYTES = 16 * 1024 * 1024;

export interface CleanserServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  trainer: EngineClient;
  /** Folder that holds the runs. */
  store: string;
  memory: CleansingMemory;
  audits: EditorMemory;
  evaluations: PlanMemory;
  evaluator: Evaluator;
  log: vscode.LogOutputChannel;
  /** Runs what a panel asked for and reports what it throws. */
  attempt: (doing: string, action: () => Promise<void> | void) => void;
}

/** The session of a model, with its panel while one is open: a run goes on without one. */
interface Open {
  readonly session: CleansingSession;
  panel: vscode.WebviewPanel | null;
}

/** Opens cleansing panels and carries out what they ask for. */
export class Cleanser implements vscode.WebviewPanelSerializer {
  private readonly services: CleanserServices;
  private readonly open = new Map<string, Open>();

  constructor(services: CleanserServices) {
    this.services = services;
  }

  /** Shows the cleansing of a model: the panel that has it already, or a new one. */
  cleanse(uri: vscode.Uri): void {
    const opened = this.sessionOf(uri);
    if (opened.panel !== null) {
      opened.panel.reveal();
      return;
    }
    const title = titleOf(opened.session);
    this.show(opened, vscode.window.createWebviewPanel(CLEANSING_PANEL, title, vscode.ViewColumn.Active));
  }

  /** Fills a panel that VS Code brought back with the window; only of models that were cleansed before. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = v.safeParse(v.object({ model: v.string() }), state);
    if (!kept.success || this.services.memory.recall(kept.output.model) === undefined) {
      panel.dispose();
      return Promise.resolve();
    }
    const opened = this.sessionOf(vscode.Uri.file(kept.output.model));
    if (opened.panel === null) this.show(opened, panel);
    else panel.dispose();
    return Promise.resolve();
  }

  dispose(): void {
    for (const { session } of this.open.values()) session.dispose();
    this.open.clear();
  }

  private sessionOf(uri: vscode.Uri): Open {
    const model = localPath(uri);
    const known = this.open.get(model);
    if (known !== undefined) return known;
    const { engine, trainer, store, memory, audits, evaluations, attempt } = this.services;
    const plan =
      memory.recall(model) ?? initialPlan(audits.recall(uri.toString()), evaluations.recall(model));
    const session = new CleansingSession({
      path: model,
      name: nameOf(uri),
      engine,
      trainer,
      store,
      plan,
      remember: (changed) => memory.remember(model, changed),
      trusted: () => vscode.workspace.isTrusted,
      trainingEngine: chosenTrainingEngine,
      tfjsSearch,
    });
    memory.remember(model, plan);
    const opened = { session, panel: null };
    this.open.set(model, opened);
    attempt('cleansing, layers', () => session.describe());
    attempt('cleansing, training engine', () => session.describeEngine());
    attempt('cleansing, images', async () => {
      await session.describeImages('data');
      await session.describeImages('monitor');
    });
    return opened;
  }

  private show(opened: Open, panel: vscode.WebviewPanel): void {
    const { session } = opened;
    opened.panel = panel;
    const subscription = session.subscribe((message) => void panel.webview.postMessage(message));
    const settings = vscode.workspace.onDidChangeConfiguration((change) => {
      if (
        change.affectsConfiguration('scour.trainingEngine') ||
        change.affectsConfiguration('scour.tfjsPath')
      )
        this.services.attempt('cleansing, training engine', () => session.describeEngine());
    });
    const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged());
    panel.onDidDispose(() => {
      opened.panel = null;
      subscription();
      trust.dispose();
      settings.dispose();
      this.leave(opened);
    });
    panel.webview.onDidReceiveMessage((message: unknown) => this.receive(opened, message));
    showPanel(panel, this.services.extensionUri, 'cleansing', titleOf(session));
  }

  /** Without a panel, a run goes on under a notification; nothing else does. */
  private leave(opened: Open): void {
    const { session } = opened;
    if (!session.running) {
      this.forget(opened);
      return;
    }
    followInBackground(session, {
      title: `Cleansing ${visible(session.name)}`,
      hidden: () => opened.panel === null,
      onEnd: () => this.ended(opened),
    });
  }

  private ended(opened: Open): void {
    const { session } = opened;
    const uri = vscode.Uri.file(session.path);
    this.forget(opened);
    announceEnd(`The cleansing of ${visible(session.name)} has ended or paused.`, () => this.cleanse(uri));
  }

  private forget({ session }: Open): void {
    this.open.delete(session.path);
    session.dispose();
  }

  private receive(opened: Open, message: unknown): void {
    const { attempt, log } = this.services;
    const parsed = v.safeParse(FromCleansingPanelSchema, message);
    if (!parsed.success) {
      log.error(`the cleansing panel sent a message that is not understood: ${v.summarize(parsed.issues)}`);
      return;
    }
    attempt(`cleansing panel, ${parsed.output.kind}`, () => this.handle(opened, parsed.output));
  }

  private async handle({ session, panel }: Open, message: FromCleansingPanel): Promise<void> {
    const near = session.imagesAt('data') ?? path.dirname(session.path);
    switch (message.kind) {
      case 'ready':
        for (const state of session.messages()) void panel?.webview.postMessage(state);
        return;
      case 'cancel':
        session.cancel(message.job);
        return;
      case 'describe':
        return session.describe();
      case 'chooseData': {
        const chosen = await chooseImages(message, session.imagesAt(message.set) ?? near);
        if (chosen !== undefined) session.setImages(message.set, chosen);
        return;
      }
      case 'forgetMonitor':
        session.setImages('monitor', null);
        return;
      case 'describeImages':
        return session.describeImages(message.set);
      case 'edit':
        session.edit(message.change);
        return;
      case 'addAttack':
        return addAttack(session, message.attack, near);
      case 'editAttack':
        session.editAttack(message);
        return;
      case 'chooseAttackFile': {
        const chosen = await chooseAttackFile(message.field, near);
        if (chosen !== undefined) session.setAttackFile(message.id, message.field, chosen);
        return;
      }
      case 'removeAttack':
        session.removeAttack(message.id);
        return;
      case 'saveRatios':
        return saveRatios(session);
      case 'loadRatios':
        return loadRatios(session);
      case 'preview':
        if (await requireTrust(RUNNING)) await session.preview();
        return;
      case 'run':
        if (await requireTrust(RUNNING)) await session.start();
        return;
      case 'pause':
        session.pause();
        return;
      case 'resume':
        if (await requireTrust(RUNNING)) await session.resume(message.id);
        return;
      case 'deleteRun': {
        const run = session.run(message.id);
        if (run !== undefined && !(await confirmDeletion(run.started))) return;
        return session.deleteRun(message.id);
      }
      case 'reuse':
        session.reuse(message.id);
        return;
      case 'export':
        return exportStudent(session, message.id);
      case 'openExported':
        if (session.exported !== null)
          await openAudit(vscode.Uri.file(session.exported.output), { viewColumn: vscode.ViewColumn.Beside });
        return;
      case 'evaluateExported':
        if (session.exported !== null)
          this.services.evaluator.evaluate([
            vscode.Uri.file(session.path),
            vscode.Uri.file(session.exported.output),
          ]);
        return;
      case 'manageTrust':
        return manageTrust();
      case 'openEngineSettings':
        await vscode.commands.executeCommand(
          'workbench.action.openSettings',
          '@id:scour.trainingEngine,scour.tfjsPath',
        );
        return;
    }
  }
}

/** Adds an attack, once the files that it is nothing without have been chosen. */
async function addAttack(session: CleansingSession, kind: AttackKind, near: string): Promise<void> {
  const files: Partial<Record<AttackFile, string>> = {};
  for (const field of neededFiles(kind)) {
    const chosen = await chooseAttackFile(field, near);
    if (chosen === undefined) return;
    files[field] = chosen;
  }
  session.addAttack(kind, files);
}

async function saveRatios(session: CleansingSession): Promise<void> {
  const { ratios } = session;
  if (ratios === null) return;
  const output = await chooseRatioFile(session.path);
  if (output === undefined) return;
  await refuseModel(session, output);
  await writeAtomically(output, ratioFile(ratios.names, ratios.values));
}

async function loadRatios(session: CleansingSession): Promise<void> {
  const { ratios } = session;
  if (ratios === null) return;
  const file = await chooseRatios(session.path);
  if (file === undefined) return;
  if ((await stat(file)).size > MOST_RATIO_BYTES)
    throw new UsageError('bad-value', `${visible(file, 120)} is too large for a file of ratios.`);
  session.setRatios(parseRatioFile(await readFile(file, 'utf8'), file, ratios.names, ratios.defaults));
}

async function exportStudent(session: CleansingSession, id: string): Promise<void> {
  if (!(await requireTrust('Exporting a student'))) return;
  const output = await chooseStudentFile(session.path);
  if (output === undefined) return;
  await refuseModel(session, output);
  // The dialog has asked before it named a file that exists.
  await session.export(id, output, (await examineTarget(session.path, output)) === 'exists');
}

async function refuseModel(session: CleansingSession, output: string): Promise<void> {
  if ((await examineTarget(session.path, output)) !== 'is-input') return;
  throw new OutputError(
    'is-input',
    output,
    `${path.basename(output)} is the model itself. The suspicious file is never overwritten: choose another name.`,
  );
}

function titleOf({ name }: CleansingSession): string {
  return `Cleanse ${visible(name)}`;
}
