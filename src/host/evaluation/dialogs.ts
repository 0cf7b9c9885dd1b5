import path from 'node:path';
import * as vscode from 'vscode';
import type { AttackFile } from '../../protocol/attack';
import type { ReportFormat } from '../../protocol/evaluation-panel';
import { chooseFile, type FileQuestion } from '../choose-file';

const IMAGES = ['png', 'jpg', 'jpeg', 'webp', 'bmp', 'ppm', 'pgm', 'pbm'];

const ATTACK_FILES: Readonly<Record<AttackFile, FileQuestion>> = {
  file: { title: 'Patch of the Trigger', label: 'Use as Patch', filters: { Images: IMAGES } },
  pattern: { title: 'Pattern to Blend In', label: 'Use as Pattern', filters: { Images: IMAGES } },
  points: {
    title: 'Control Points of the Warp',
    label: 'Use These Points',
    filters: { 'Control points': ['json', 'npy'] },
  },
  generator: {
    title: 'Input-Aware: Generator Network',
    label: 'Use as Generator',
    filters: { 'ONNX model': ['onnx'] },
  },
  mask: { title: 'Input-Aware: Mask Network', label: 'Use as Mask', filters: { 'ONNX model': ['onnx'] } },
  path: {
    title: 'Images That Carry a Trigger, in Folders Named by Their True Class',
    label: 'Use These Images',
    folder: true,
  },
};

/** Asks for a file of an attack; undefined where the user backed out. */
export function chooseAttackFile(field: AttackFile, near: string): Promise<string | undefined> {
  return chooseFile(ATTACK_FILES[field], near);
}

/** Asks for the images to evaluate on: a folder, or a dataset in one file. */
export function chooseData(what: 'folder' | 'file', near: string): Promise<string | undefined> {
  return what === 'folder'
    ? chooseFile({ title: 'Images to Evaluate On', label: 'Use This Folder', folder: true }, near)
    : chooseFile({ title: 'Dataset to Evaluate On', label: 'Use This Dataset' }, near);
}

const FORMATS: Readonly<Record<ReportFormat, { name: string; extension: string }>> = {
  html: { name: 'HTML', extension: 'html' },
  markdown: { name: 'Markdown', extension: 'md' },
  json: { name: 'JSON', extension: 'json' },
};

/** Asks where a report goes; undefined where the user backed out. VS Code has asked before it names a file that exists. */
export async function chooseReportFile(format: ReportFormat, model: string): Promise<string | undefined> {
  const { name, extension } = FORMATS[format];
  const { dir, name: stem } = path.parse(model);
  const chosen = await vscode.window.showSaveDialog({
    title: `Export the Report as ${name}`,
    defaultUri: vscode.Uri.file(path.join(dir, `${stem}.evaluation.${extension}`)),
    filters: { [name]: [extension] },
    saveLabel: 'Export',
  });
  return chosen?.fsPath;
}
