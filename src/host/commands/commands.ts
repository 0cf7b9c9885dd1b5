import * as v from 'valibot';
import * as vscode from 'vscode';
import { browseForModels, openAudit, type AuditActions } from '../audit/actions';
import type { AuditDocument } from '../audit/document';
import type { AuditEditorProvider } from '../audit/editor';
import type { Comparer } from '../compare/comparer';
import type { Evaluator } from '../evaluation/evaluator';
import { localPath } from '../local-file';
import { EntrySchema } from '../results/entry';
import type { ResultStore } from '../results/store';
import { setting } from '../settings';
import { chooseDataset } from '../splitting/dialogs';
import { pickModels } from './pick';
import { registerCommand } from './register';

/** Panels that are shown for a file. */
interface Revealing {
  reveal(uri: vscode.Uri): void;
}

export interface CommandServices {
  log: vscode.LogOutputChannel;
  editors: AuditEditorProvider;
  actions: AuditActions;
  comparer: Comparer;
  evaluator: Evaluator;
  cleansings: Revealing;
  splittings: Revealing;
  results: ResultStore;
}

/** Registers every command that package.json contributes. */
export function registerCommands(services: CommandServices): vscode.Disposable {
  const { log, editors, actions, comparer, evaluator, cleansings, splittings, results } = services;

  return vscode.Disposable.from(
    registerCommand(log, 'scour.scan', async (clicked, selected) => {
      const given = urisOf(clicked, selected);
      const uris = given.length > 0 ? given : await pickModels(browseForModels);
      for (const uri of uris) await openAudit(uri);
    }),
    registerCommand(log, 'scour.evaluate', async (clicked, selected) => {
      const given = urisOf(clicked, selected);
      const active = given.length > 0 ? undefined : editors.find()?.uri;
      const uris = active === undefined ? given : [active];
      evaluator.evaluate(
        uris.length > 0
          ? uris
          : await pickModels(() => browseForModels('Evaluate on Images', 'Evaluate'), 'Evaluate on Images'),
      );
    }),
    registerCommand(log, 'scour.cleanse', async (clicked) => {
      const given = uriOf(clicked) ?? editors.find()?.uri;
      const [chosen] =
        given === undefined
          ? await pickModels(() => browseForModels('Cleanse with Unlabeled Images', 'Cleanse'), 'Cleanse')
          : [given];
      if (chosen !== undefined) cleansings.reveal(chosen);
    }),
    registerCommand(log, 'scour.split', async (clicked) => {
      const given = clicked instanceof vscode.Uri ? clicked : undefined;
      const chosen = given === undefined ? await chooseDataset() : localPath(given);
      if (chosen !== undefined) splittings.reveal(vscode.Uri.file(chosen));
    }),
    registerCommand(log, 'scour.exportPruned', async (target) => {
      const document = await auditOf(editors, target);
      if (document !== null) await actions.exportPruned(document, document.session.u);
    }),
    registerCommand(log, 'scour.compare', async (target, selected) => {
      const [first, second] = Array.isArray(selected) ? selected.map(uriOf) : [uriOf(target)];
      const left = first ?? editors.find()?.uri;
      const u = (left && editors.find(left)?.session.u) ?? setting('scour.u');
      await comparer.compare(left && localPath(left), second ? localPath(second) : undefined, u);
    }),
    registerCommand(log, 'scour.rescan', async (target) => {
      const uri = uriOf(target) ?? undefined;
      if (uri !== undefined) await openAudit(uri);
      await editors.find(uri)?.session.scan(false);
    }),
    registerCommand(log, 'scour.cancel', (target) => {
      editors.find(uriOf(target) ?? undefined)?.session.cancelAll();
    }),
    registerCommand(log, 'scour.forgetResult', async (target) => {
      const uri = uriOf(target) ?? editors.find()?.uri;
      if (uri !== undefined) await results.forget(localPath(uri));
    }),
    registerCommand(log, 'scour.showLog', () => log.show()),
  );
}

/** The file that a menu was opened on: a Uri (Explorer, editor title) or an entry of the tree; null for anything else. */
function uriOf(target: unknown): vscode.Uri | null {
  if (target instanceof vscode.Uri) return target;
  return v.is(EntrySchema, target) ? vscode.Uri.file(target.path) : null;
}

/** The files that a menu was opened on: all that are selected, or the one that was clicked. */
function urisOf(clicked: unknown, selected: unknown): vscode.Uri[] {
  const chosen = Array.isArray(selected) ? selected.map(uriOf).filter((uri) => uri !== null) : [];
  const one = uriOf(clicked);
  return chosen.length > 0 || one === null ? chosen : [one];
}

/** The audit a command is meant for, opened where it is not. */
async function auditOf(editors: AuditEditorProvider, target: unknown): Promise<AuditDocument | null> {
  const uri = uriOf(target);
  if (uri === null) return editors.find();
  if (editors.find(uri) === null) await openAudit(uri);
  return editors.find(uri);
}
