import path from 'node:path';
import type { Uri } from 'vscode';
import { ScourError } from '../protocol/errors';

/** The engine reads files by range, which only a file on this machine allows. */
export class NotLocalError extends ScourError<'not-local'> {}

/** The path of a file on the machine the extension runs on. Throws NotLocalError for anything else. */
export function localPath(uri: Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new NotLocalError(
    'not-local',
    `Scour reads models from disk; ${uri.scheme}: files must be saved to disk first.`,
  );
}

/** The last part of the path, as titles show it. */
export function nameOf(uri: Uri): string {
  return path.posix.basename(uri.path);
}
