import path from 'node:path';
import * as vscode from 'vscode';
import type { FromCleansingPanel } from '../../protocol/cleansing-panel';
import { chooseFile } from '../choose-file';

type ChooseData = Extract<FromCleansingPanel, { kind: 'chooseData' }>;

const TITLES: Readonly<Record<ChooseData['set'], string>> = {
  data: 'Unlabeled Images to Cleanse With',
  monitor: 'Labelled Images to Watch the Student On',
};

/** Asks for images: a folder, or a dataset in one file. Undefined where the user backed out. */
export function chooseImages({ set, what }: ChooseData, near: string): Promise<string | undefined> {
  const title = TITLES[set];
  return what === 'folder'
    ? chooseFile({ title, label: 'Use This Folder', folder: true }, near)
    : chooseFile({ title, label: 'Use This Dataset' }, near);
}

const RATIOS = { 'Ratios by layer': ['json'] };

/** Asks for a file of ratios to load. */
export function chooseRatios(model: string): Promise<string | undefined> {
  return chooseFile({ title: 'Load Ratios by Layer', label: 'Load', filters: RATIOS }, path.dirname(model));
}

/** Asks where the ratios go: beside the model unless the user says otherwise. */
export function chooseRatioFile(model: string): Promise<string | undefined> {
  return chooseOutput('Save Ratios by Layer', 'Save', beside(model, 'ratios.json'), RATIOS);
}

/** Asks where a student goes. */
export function chooseStudentFile(model: string): Promise<string | undefined> {
  return chooseOutput('Export the Cleansed Student', 'Export', beside(model, 'cleansed.onnx'), {
    ONNX: ['onnx'],
  });
}

/** Asks whether a run may go; it cannot be had back. */
export async function confirmDeletion(started: string): Promise<boolean> {
  const remove = 'Delete Run';
  const chosen = await vscode.window.showWarningMessage(
    `Delete the run of ${new Date(started).toLocaleString()}? Its student, its curves and what could be resumed are removed from disk.`,
    { modal: true },
    remove,
  );
  return chosen === remove;
}

/** VS Code has asked before it names a file that exists. */
async function chooseOutput(
  title: string,
  saveLabel: string,
  suggested: string,
  filters: Record<string, string[]>,
): Promise<string | undefined> {
  const chosen = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(suggested),
    filters,
    saveLabel,
  });
  return chosen?.fsPath;
}

/** `net.onnx` → `net.cleansed.onnx`, beside it. */
function beside(model: string, ending: string): string {
  const { dir, name } = path.parse(model);
  return path.join(dir, `${name}.${ending}`);
}
