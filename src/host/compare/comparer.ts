import path from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { FromComparePanelSchema, type ToComparePanel } from '../../protocol/audit';
import type { Audit } from '../../protocol/scan';
import { visible } from '../../protocol/wording';
import type { Auditor } from '../audit/auditor';
import type { EngineClient } from '../engine/client';
import { describeOutcome } from '../results/describe';
import type { ResultStore } from '../results/store';
import { showPanel } from '../show-panel';

export interface ComparerServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  auditor: Auditor;
  results: ResultStore;
  log: vscode.LogOutputChannel;
}

/** Shows two models side by side. */
export class Comparer {
  private readonly services: ComparerServices;

  constructor(services: ComparerServices) {
    this.services = services;
  }

  /**
   * Opens the comparison of two models, scanning what has no kept result. Asks for those that are not given.
   * @param u at which outliers are counted first
   */
  async compare(left: string | undefined, right: string | undefined, u: number): Promise<void> {
    const first = left ?? (await this.pick('Compare: First Model', undefined));
    if (first === undefined) return;
    const second = right ?? (await this.pick(`Compare ${path.basename(first)} With`, first));
    if (second === undefined) return;
    const release = this.services.engine.retain();
    try {
      const [a, b] = await this.audit([first, second], u);
      if (a !== undefined && b !== undefined) this.show({ kind: 'compare', left: a, right: b, u });
    } finally {
      release();
    }
  }

  private async pick(title: string, except: string | undefined): Promise<string | undefined> {
    const all = await this.services.results.entries();
    const entries = all.filter((entry) => entry.outcome.kind !== 'failed' && entry.path !== except);
    if (entries.length === 0) {
      void vscode.window.showInformationMessage('Scour: scan another model first, then compare the two.');
      return undefined;
    }
    const items = entries.map((entry) => ({
      label: visible(path.basename(entry.path)),
      description: visible(describeOutcome(entry.outcome, all)),
      detail: visible(vscode.workspace.asRelativePath(entry.path)),
      path: entry.path,
    }));
    return (
      await vscode.window.showQuickPick(items, { title, placeHolder: 'A model scanned in this workspace' })
    )?.path;
  }

  private async audit(paths: readonly string[], u: number): Promise<Audit[]> {
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Scour', cancellable: true },
      async (progress, token) => {
        const controller = new AbortController();
        token.onCancellationRequested(() => controller.abort());
        const audits: Audit[] = [];
        for (const file of paths) {
          const { audit } = await this.services.auditor.audit(file, path.basename(file), u, {
            useKept: true,
            signal: controller.signal,
            onProgress: ({ message }) => progress.report({ message: visible(message) }),
          });
          audits.push(audit);
        }
        return audits;
      },
    );
  }

  private show(comparison: ToComparePanel): void {
    const { extensionUri, log } = this.services;
    const names = [comparison.left, comparison.right].map((audit) =>
      visible(path.basename(audit.report.model.path)),
    );
    const title = names.join(' ↔ ');
    const panel = vscode.window.createWebviewPanel('scour.compare', title, vscode.ViewColumn.Active);
    panel.webview.onDidReceiveMessage((message: unknown) => {
      if (v.is(FromComparePanelSchema, message)) void panel.webview.postMessage(comparison);
      else log.error('the compare panel sent a message that is not understood');
    });
    showPanel(panel, extensionUri, 'compare', title);
  }
}
