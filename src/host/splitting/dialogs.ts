import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { OutputError } from '../../protocol/errors';
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

/** Asks for the dataset to split: a folder, or a file of one. */
export async function chooseDataset(): Promise<string | undefined> {
  const near = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const [folder, file] = [
    { label: 'A Folder…', description: 'one folder a class, CIFAR, or Parquet files' },
    { label: 'A File…', description: 'zip, tar, tar.gz, npz, npy, Parquet, IDX or CIFAR' },
  ];
  const kind = await vscode.window.showQuickPick([folder, file], { title: 'Dataset to Split' });
  if (kind === undefined) return undefined;
  const title = kind === folder ? 'Dataset to Split: One Folder a Class' : 'Dataset to Split';
  return chooseFile({ title, label: 'Split This Dataset', folder: kind === folder }, near);
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

/**
 * Asks where the list of picked seeds goes: a `.txt`, by which a list is known. Undefined where the user backed out.
 * Throws OutputError `exists` where the name without it was given and the file exists.
 */
export async function chooseSeedList(suggested: string): Promise<string | undefined> {
  const chosen = await vscode.window.showSaveDialog({
    title: 'Save the List of Seeds',
    defaultUri: vscode.Uri.file(suggested),
    filters: { 'List of seeds': ['txt'] },
    saveLabel: 'Save and Use',
  });
  if (chosen === undefined || /\.txt$/i.test(chosen.fsPath)) return chosen?.fsPath;
  const file = `${chosen.fsPath}.txt`;
  // VS Code asked about the name as it was typed, not about this one.
  if (existsSync(file)) throw new OutputError('exists', file, `${file} exists. Choose another name.`);
  return file;
}

async function confirm(message: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true }, yes)) === yes;
}
