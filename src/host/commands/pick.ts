import * as vscode from 'vscode';
import { visible } from '../../protocol/wording';
import { nameOf } from '../local-file';
import { MODEL_GLOB } from '../model-files';

/** The workspace is searched for this many models; more are found through the dialog. */
const LIMIT = 500;

/** Asks for a model: one of the workspace's, or whatever `browse` finds. Empty where the user backed out. */
export async function pickModels(
  browse: () => Promise<vscode.Uri[]>,
  title = 'Scan for Backdoors',
): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(MODEL_GLOB, '**/node_modules/**', LIMIT);
  if (found.length === 0) return browse();
  const models = found
    .map((uri) => ({
      label: visible(nameOf(uri)),
      description: visible(vscode.workspace.asRelativePath(uri)),
      uri,
    }))
    .sort((a, b) => a.description.localeCompare(b.description));
  const other = { label: '$(folder-opened) Browse…', description: '', uri: null };
  const chosen = await vscode.window.showQuickPick([...models, other], {
    title,
    placeHolder: 'A model in this workspace',
    matchOnDescription: true,
  });
  if (chosen === undefined) return [];
  return chosen.uri === null ? browse() : [chosen.uri];
}
