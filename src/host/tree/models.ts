import path from 'node:path';
import * as vscode from 'vscode';
import { visible } from '../../protocol/wording';
import { AUDIT_EDITOR } from '../audit/editor';
import { describeOutcome, explainOutcome, parentName } from '../results/describe';
import type { Entry, Outcome } from '../results/entry';
import type { ResultStore } from '../results/store';

/** The models scanned in this workspace, newest first. */
export class ModelsTree implements vscode.TreeDataProvider<Entry> {
  private readonly results: ResultStore;
  private entries: readonly Entry[] = [];
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(results: ResultStore) {
    this.results = results;
    results.onChange(() => this.changed.fire(undefined));
  }

  async getChildren(parent?: Entry): Promise<Entry[]> {
    if (parent !== undefined) return [];
    this.entries = await this.results.entries();
    return [...this.entries];
  }

  getTreeItem(entry: Entry): vscode.TreeItem {
    const uri = vscode.Uri.file(entry.path);
    const item = new vscode.TreeItem(visible(path.basename(entry.path)));
    const outcome = visible(describeOutcome(entry.outcome, this.entries));
    const madeFrom = parentName(entry.outcome, this.entries);
    item.id = entry.path;
    item.description = outcome;
    item.contextValue = entry.outcome.kind;
    item.iconPath = iconOf(entry.outcome, madeFrom !== null);
    item.tooltip = tooltipOf(entry, madeFrom);
    item.accessibilityInformation = { label: `${visible(path.basename(entry.path))}, ${outcome}` };
    item.command = {
      command: 'vscode.openWith',
      title: 'Open the Audit',
      arguments: [uri, AUDIT_EDITOR, { preview: false }],
    };
    return item;
  }
}

function iconOf(outcome: Outcome, isExport: boolean): vscode.ThemeIcon {
  switch (outcome.kind) {
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
    case 'not-applicable':
      return new vscode.ThemeIcon('circle-slash');
    case 'scored':
      return outcome.level === 'error' || outcome.level === 'warning'
        ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'))
        : new vscode.ThemeIcon(isExport ? 'git-compare' : 'graph');
  }
}

/** Names and messages come from files: they are put in as text, so that no markdown in them takes effect. */
function tooltipOf(entry: Entry, madeFrom: string | null): vscode.MarkdownString {
  const { outcome } = entry;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(visible(entry.path)).appendMarkdown('\n\n');
  tooltip.appendText(visible(explainOutcome(outcome)));
  if (madeFrom !== null) {
    tooltip.appendMarkdown('\n\n').appendText(`Exported by Scour from ${visible(madeFrom)}.`);
  }
  tooltip.appendMarkdown('\n\n').appendText(`Scanned ${new Date(entry.scannedAt).toLocaleString()}`);
  return tooltip;
}
