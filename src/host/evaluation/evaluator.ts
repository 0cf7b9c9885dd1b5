import path from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { AttackFile } from '../../protocol/attack';
import {
  FromEvaluationPanelSchema,
  KeptModelsSchema,
  type FromEvaluationPanel,
} from '../../protocol/evaluation-panel';
import { OutputError } from '../../protocol/errors';
import { visible } from '../../protocol/wording';
import { browseForModels } from '../audit/actions';
import type { EditorMemory } from '../audit/memory';
import type { EngineClient } from '../engine/client';
import { examineTarget } from '../export-target';
import { localPath, nameOf } from '../local-file';
import { receive, type PanelServices } from '../panel-messages';
import { showPanel } from '../show-panel';
import { manageTrust, requireTrust } from '../trust';
import { chooseAttackFile, chooseData, chooseReportFile } from './dialogs';
import type { PlanMemory } from './memory';
import { initialPlan, neededFiles, type AttackKind } from './plan';
import { EvaluationSession, type ModelFile } from './session';

/** Names the panels to VS Code, which restores them with their window. */
export const EVALUATION_PANEL = 'scour.evaluation';
const RUNNING = 'Running a model';

export interface EvaluatorServices extends PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  /** What the audits of the models know of their preprocessing. */
  audits: EditorMemory;
  memory: PlanMemory;
}

interface OpenPanel {
  session: EvaluationSession;
  panel: vscode.WebviewPanel;
}

/** Opens evaluation panels and carries out what they ask for. */
export class Evaluator implements vscode.WebviewPanelSerializer {
  private readonly services: EvaluatorServices;
  private readonly open = new Set<OpenPanel>();

  constructor(services: EvaluatorServices) {
    this.services = services;
  }

  /** Shows the evaluation of these models: the panel that has them already, or a new one. */
  evaluate(uris: readonly vscode.Uri[]): void {
    const models = uris.map((uri) => ({ path: localPath(uri), name: nameOf(uri) }));
    if (models.length === 0) return;
    const same = [...this.open].find(({ session }) => sameModels(session.models, models));
    if (same !== undefined) {
      same.panel.reveal();
      return;
    }
    const title = titleOf(models);
    const panel = vscode.window.createWebviewPanel(EVALUATION_PANEL, title, vscode.ViewColumn.Active);
    this.fill(panel, models);
  }

  /** Fills a panel again that was open when its window was reloaded; what it showed is measured anew when asked for. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
    const parsed = v.safeParse(KeptModelsSchema, kept);
    if (parsed.success) {
      const uris = parsed.output.models.map((model) => vscode.Uri.file(model));
      this.fill(
        panel,
        uris.map((uri) => ({ path: localPath(uri), name: nameOf(uri) })),
      );
    } else {
      this.services.log.info('an evaluation panel kept no models and is closed');
      panel.dispose();
    }
    return Promise.resolve();
  }

  /** Shows the evaluation of one or several models in a panel, with the plan of the first one's last time. */
  private fill(panel: vscode.WebviewPanel, models: readonly ModelFile[]): void {
    const { engine, memory, audits } = this.services;
    const { path: first } = models[0]!;
    const session = new EvaluationSession({
      models,
      engine,
      plan: memory.recall(first) ?? initialPlan(audits.recall(vscode.Uri.file(first).toString())),
      remember: (all, plan) => {
        for (const { path: model } of all) memory.remember(model, plan);
      },
      trusted: () => vscode.workspace.isTrusted,
    });
    this.show(panel, session);
    void session.describe();
  }

  private show(panel: vscode.WebviewPanel, session: EvaluationSession): void {
    const { extensionUri } = this.services;
    const title = titleOf(session.models);
    const opened = { session, panel };
    this.open.add(opened);
    const subscription = session.subscribe((message) => {
      if (message.kind === 'models') panel.title = titleOf(session.models);
      void panel.webview.postMessage(message);
    });
    const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged());
    panel.onDidDispose(() => {
      this.open.delete(opened);
      subscription();
      trust.dispose();
      session.dispose();
    });
    panel.webview.onDidReceiveMessage((message: unknown) =>
      receive('evaluation', FromEvaluationPanelSchema, message, this.services, (known) =>
        this.handle(opened, known),
      ),
    );
    showPanel(panel, extensionUri, 'evaluation', title);
  }

  private async handle({ session, panel }: OpenPanel, message: FromEvaluationPanel): Promise<void> {
    switch (message.kind) {
      case 'ready':
        for (const state of session.messages()) void panel.webview.postMessage(state);
        return;
      case 'cancel':
        session.cancel(message.job);
        return;
      case 'addModels': {
        const chosen = await browseForModels('Evaluate Another Model', 'Add');
        session.addModels(chosen.map((uri) => ({ path: localPath(uri), name: nameOf(uri) })));
        return;
      }
      case 'removeModel':
        session.removeModel(message.path);
        return;
      case 'chooseData': {
        const chosen = await chooseData(message.what, session.data ?? folderOf(session));
        if (chosen !== undefined) session.setData(chosen);
        return;
      }
      case 'describe':
        return session.describe();
      case 'edit':
        session.edit(message.change);
        return;
      case 'addAttack':
        return addAttack(session, message.attack);
      case 'editAttack':
        session.editAttack(message);
        return;
      case 'chooseAttackFile': {
        const chosen = await chooseAttackFile(message.field, session.data ?? folderOf(session));
        if (chosen !== undefined) session.setAttackFile(message.id, message.field, chosen);
        return;
      }
      case 'removeAttack':
        session.removeAttack(message.id);
        return;
      case 'previewTrigger':
        if (await requireTrust(RUNNING)) await session.previewTrigger(message.id);
        return;
      case 'run':
        if (await requireTrust(RUNNING)) await session.run();
        return;
      case 'sweep':
        if (await requireTrust(RUNNING)) await session.sweep(message.path);
        return;
      case 'export': {
        const output = await chooseReportFile(message.format, session.models[0]!.path);
        if (output === undefined) return;
        await session.export(message.format, output, await mayReplace(session, output));
        return;
      }
      case 'openExported':
        return openExported(session);
      case 'manageTrust':
        return manageTrust();
    }
  }
}

/** Adds an attack, once the files that it is nothing without have been chosen. */
async function addAttack(session: EvaluationSession, kind: AttackKind): Promise<void> {
  const files: Partial<Record<AttackFile, string>> = {};
  for (const field of neededFiles(kind)) {
    const chosen = await chooseAttackFile(field, session.data ?? folderOf(session));
    if (chosen === undefined) return;
    files[field] = chosen;
  }
  session.addAttack(kind, files);
}

/** True where the report replaces a file, which the dialog has asked about. Rejects where that file is a model. */
async function mayReplace(session: EvaluationSession, output: string): Promise<boolean> {
  let exists = false;
  for (const model of session.models) {
    const target = await examineTarget(model.path, output);
    if (target === 'is-input') {
      throw new OutputError(
        'is-input',
        output,
        `${path.basename(output)} is a model that is evaluated. Models are never overwritten: choose another name.`,
      );
    }
    exists ||= target === 'exists';
  }
  return exists;
}

/** Opens the exported report: HTML where the system opens it, text in an editor. */
async function openExported(session: EvaluationSession): Promise<void> {
  const { exported } = session;
  if (exported === null) return;
  const uri = vscode.Uri.file(exported.output);
  if (exported.format === 'html') await vscode.env.openExternal(uri);
  else await vscode.commands.executeCommand('vscode.open', uri, { viewColumn: vscode.ViewColumn.Beside });
}

function titleOf(models: readonly ModelFile[]): string {
  const more = models.length > 1 ? ` and ${models.length - 1} more` : '';
  return `Evaluate ${visible(models[0]?.name ?? '')}${more}`;
}

function folderOf(session: EvaluationSession): string {
  return path.dirname(session.models[0]!.path);
}

function sameModels(some: readonly ModelFile[], others: readonly ModelFile[]): boolean {
  return some.length === others.length && some.every((model, at) => model.path === others[at]?.path);
}
