import path from 'node:path';
import * as vscode from 'vscode';
import { AuditActions } from './audit/actions';
import { Auditor } from './audit/auditor';
import { AUDIT_EDITOR, AuditEditorProvider } from './audit/editor';
import { EditorMemory } from './audit/memory';
import { CLEANSING_PANEL, cleansingPanels } from './cleansing/panels';
import { CleansingMemory } from './cleansing/memory';
import { registerCommands } from './commands/commands';
import { reportError } from './commands/register';
import { Comparer } from './compare/comparer';
import { EngineClient } from './engine/client';
import { forkEngine } from './engine/process';
import { EVALUATION_PANEL, Evaluator } from './evaluation/evaluator';
import { PlanMemory } from './evaluation/memory';
import { ResultStore } from './results/store';
import { setting } from './settings';
import { SplittingMemory } from './splitting/memory';
import { SPLITTING_PANEL, splittingPanels } from './splitting/panels';
import { ModelsTree } from './tree/models';

/** Puts the parts together and registers them with VS Code. Nothing is read, and no process started, until it is used. */
export class Host implements vscode.Disposable {
  private readonly parts: vscode.Disposable;

  constructor(context: vscode.ExtensionContext) {
    const { extensionUri } = context;
    const log = vscode.window.createOutputChannel('Scour', { log: true });
    const line = (text: string) => log.info(text);
    const newEngine = () =>
      new EngineClient(
        (events) =>
          forkEngine(
            {
              script: path.join(extensionUri.fsPath, 'dist', 'engine.js'),
              memoryLimitMb: setting('scour.engine.memoryLimitMb'),
              log: line,
            },
            events,
          ),
        () => ({
          stallSeconds: setting('scour.engine.stallSeconds'),
          idleSeconds: setting('scour.engine.idleSeconds'),
        }),
        line,
      );
    const engine = newEngine();
    // Trainings take minutes to hours: in a process of their own nothing else waits for them.
    const trainer = newEngine();
    const kept = (context.storageUri ?? context.globalStorageUri).fsPath;
    const results = new ResultStore({
      folder: path.join(kept, 'scans'),
      limit: () => setting('scour.results.limit'),
      log: line,
    });
    const auditor = new Auditor(engine, results, line);
    const comparer = new Comparer({ extensionUri, engine, auditor, results, log });
    const actions = new AuditActions(comparer);
    const memory = new EditorMemory(context.workspaceState, line);
    const attempt = (doing: string, action: () => Promise<void> | void) => {
      void (async () => action())().catch((error: unknown) => reportError(log, doing, error));
    };
    const plans = new PlanMemory(context.workspaceState, line);
    const evaluator = new Evaluator({ extensionUri, engine, audits: memory, memory: plans, log, attempt });
    const cleansings = cleansingPanels({
      extensionUri,
      engine,
      trainer,
      store: path.join(kept, 'cleansing'),
      memory: new CleansingMemory(context.workspaceState, line),
      audits: memory,
      evaluations: plans,
      evaluator,
      log,
      attempt,
    });
    const splittings = splittingPanels({
      extensionUri,
      engine,
      trainer,
      memory: new SplittingMemory(context.workspaceState, line),
      evaluator,
      log,
      attempt,
    });
    const editors = new AuditEditorProvider({
      extensionUri,
      engine,
      auditor,
      actions,
      memory,
      log,
      attempt,
    });
    this.parts = vscode.Disposable.from(
      vscode.window.registerCustomEditorProvider(AUDIT_EDITOR, editors, {
        supportsMultipleEditorsPerDocument: false,
      }),
      vscode.window.registerWebviewPanelSerializer(EVALUATION_PANEL, evaluator),
      vscode.window.createTreeView('scour.models', { treeDataProvider: new ModelsTree(results) }),
      registerCommands({ log, editors, actions, comparer, evaluator, cleansings, splittings, results }),
      vscode.window.registerWebviewPanelSerializer(CLEANSING_PANEL, cleansings),
      vscode.window.registerWebviewPanelSerializer(SPLITTING_PANEL, splittings),
      cleansings,
      splittings,
      engine,
      trainer,
      log,
    );
  }

  dispose(): void {
    this.parts.dispose();
  }
}
