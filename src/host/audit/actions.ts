import path from 'node:path';
import * as vscode from 'vscode';
import { OutputError } from '../../protocol/errors';
import { examineTarget, exportChoice } from '../export-target';
import { MODEL_FILTERS } from '../model-files';
import { nameOf } from '../local-file';
import { manageTrust, requireTrust } from '../trust';
import type { Comparer } from '../compare/comparer';
import type { AuditDocument } from './document';

/** What a user can have done with an open audit that takes a dialog. */
export class AuditActions {
  private readonly comparer: Comparer;

  constructor(comparer: Comparer) {
    this.comparer = comparer;
  }

  /** Runs the model and its pruned self on images or noise. Asks for trust: a model's code is its graph. */
  async preview(document: AuditDocument, u: number): Promise<void> {
    if (await requireTrust('Running a model')) await document.session.preview(u);
  }

  /** Asks where to, then exports the pruned model. Never onto the input. */
  async exportPruned(document: AuditDocument, u: number): Promise<void> {
    if (!(await requireTrust('Exporting a pruned model'))) return;
    const { session } = document;
    const { suggested, filters } = exportChoice(session.path, session.audited?.audit.report.model ?? null);
    const chosen = await vscode.window.showSaveDialog({
      title: `Export ${session.name} Pruned at u = ${u}`,
      defaultUri: vscode.Uri.file(suggested),
      filters: { ...filters },
      saveLabel: 'Export',
    });
    if (chosen === undefined) return;
    const output = chosen.fsPath;
    const target = await examineTarget(session.path, output);
    if (target === 'is-input') {
      throw new OutputError(
        'is-input',
        output,
        `${path.basename(output)} is the model itself. The suspicious file is never overwritten: choose another name.`,
      );
    }
    // The dialog has asked before it named a file that exists.
    await session.export(u, output, target === 'exists');
  }

  /** Opens the model exported last beside its original. */
  async openExported(document: AuditDocument): Promise<void> {
    const { exported } = document.session;
    if (exported === null) return;
    await openAudit(vscode.Uri.file(exported.output), { viewColumn: vscode.ViewColumn.Beside });
  }

  /** Compares with the model exported last, or with one that the user picks. */
  async compare(document: AuditDocument, withExported: boolean): Promise<void> {
    const { exported } = document.session;
    const other = withExported && exported !== null ? exported.output : undefined;
    await this.comparer.compare(document.session.path, other, document.session.u);
  }

  /** Asks for the folder of images that the preview runs on. */
  async chooseImages(document: AuditDocument): Promise<void> {
    const { session } = document;
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: `Images for the Preview of ${session.name}`,
        defaultUri: vscode.Uri.file(session.images ?? path.dirname(session.path)),
        canSelectFiles: false,
        canSelectFolders: true,
        openLabel: 'Use This Folder',
      })) ?? [];
    if (chosen !== undefined) session.setImages(chosen.fsPath);
  }

  manageTrust(): Promise<void> {
    return manageTrust();
  }
}

/** Opens a model in the audit editor. */
export async function openAudit(
  uri: vscode.Uri,
  options: vscode.TextDocumentShowOptions = {},
): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, 'scour.audit', { preview: false, ...options });
}

/** Models picked in a dialog, by name; empty where the user backed out. */
export async function browseForModels(
  title = 'Scan for Backdoors',
  openLabel = 'Scan',
): Promise<vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    canSelectMany: true,
    filters: MODEL_FILTERS,
    openLabel,
  });
  return (chosen ?? []).sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}
