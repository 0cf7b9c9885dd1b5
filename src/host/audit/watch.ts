import path from 'node:path';
import * as vscode from 'vscode';

/** A model is written in many steps: it is looked at again once it has been quiet for this long. */
const QUIET_MS = 700;

/**
 * Calls `changed` once the model file, or one of the files that hold its weights, has changed on disk.
 * @param others paths of further files, relative to the model's folder, as they are known at the time
 */
export function watchModel(
  uri: vscode.Uri,
  others: () => readonly string[],
  changed: () => void,
): vscode.Disposable {
  const folder = vscode.Uri.joinPath(uri, '..');
  // The folder is watched, not the name: a name may hold characters that mean something in a pattern.
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
  let timer: NodeJS.Timeout | undefined;
  const look = (file: vscode.Uri) => {
    const isOurs =
      file.toString() === uri.toString() ||
      others().some((name) => path.join(folder.fsPath, name) === file.fsPath);
    if (!isOurs) return;
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET_MS);
  };
  watcher.onDidChange(look);
  watcher.onDidCreate(look);
  watcher.onDidDelete(look);
  return vscode.Disposable.from(watcher, { dispose: () => clearTimeout(timer) });
}
