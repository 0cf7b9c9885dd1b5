import * as vscode from 'vscode';
import type { FromSplittingPanel, SplitFile } from '../../protocol/splitting-panel';
import { chooseFile } from '../choose-file';

type Choose = Extract<FromSplittingPanel, { kind: 'choose' }>;

const TITLES: Readonly<Record<SplitFile, string>> = {
  architecture: 'Architecture: an ONNX Classifier, Its Weights Are Drawn Anew',
  seeds: 'Known-Clean Seeds: One Folder a Class, or a List of Names',
  output: 'Folder for the Results: New, or of an Earlier Run',
  test: 'Labelled Test Images',
  triggered: 'Test Images That Carry a Trigger, by True Class',
};
const FILTERS: Readonly<Partial<Record<SplitFile, Record<string, string[]>>>> = {
  architecture: { ONNX: ['onnx'] },
  seeds: { 'Lists and archives': ['txt', 'zip', 'tar', 'gz'] },
};

/** Asks for a file or folder of a plan. Undefined where the user backed out. */
export function chooseSplitFile({ field, what }: Choose, near: string): Promise<string | undefined> {
  const filters = FILTERS[field];
  return chooseFile(
    what === 'folder'
      ? { title: TITLES[field], label: 'Use This Folder', folder: true }
      : { title: TITLES[field], label: 'Use This File', ...(filters === undefined ? {} : { filters }) },
    near,
  );
}

/** Asks for the dataset to split. */
export function chooseDataset(): Promise<string | undefined> {
  const near = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  return chooseFile(
    { title: 'Dataset to Split: One Folder a Class', label: 'Split This Dataset', folder: true },
    near,
  );
}

/** Asks for the quarantine folder. */
export function chooseQuarantine(near: string): Promise<string | undefined> {
  return chooseFile(
    { title: 'Quarantine: an Empty Folder Outside the Dataset', label: 'Move Suspects Here', folder: true },
    near,
  );
}

/** Asks whether images may be moved. */
export function confirmMove(description: string): Promise<boolean> {
  return confirm(description, 'Move Images');
}

/** Asks whether what lies at the output folder may go. */
export function confirmReplacement(output: string, unfinished: boolean): Promise<boolean> {
  return confirm(
    unfinished
      ? `An interrupted run to ${output} can still be resumed. Start anew and forget it?`
      : `${output} holds files. Replace the results of an earlier run there? Other files stay.`,
    unfinished ? 'Start Anew' : 'Replace Results',
  );
}

/** Asks where a copy of the ranked list goes. */
export async function chooseListFile(suggested: string, extension: string): Promise<string | undefined> {
  const chosen = await vscode.window.showSaveDialog({
    title: 'Save the Ranked List',
    defaultUri: vscode.Uri.file(suggested),
    filters: { [extension.toUpperCase()]: [extension] },
    saveLabel: 'Save',
  });
  return chosen?.fsPath;
}

async function confirm(message: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true }, yes)) === yes;
}
