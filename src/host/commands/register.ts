import * as vscode from 'vscode';
import { CancelledError, ScourError, messageOf } from '../../protocol/errors';
import { visible } from '../../protocol/wording';

/**
 * Registers a command. What it throws is logged and shown with a way to the log; a cancellation is neither.
 * Arguments come from menus and other extensions: the handler must check them.
 */
export function registerCommand(
  log: vscode.LogOutputChannel,
  id: string,
  handler: (...args: readonly unknown[]) => Promise<void> | void,
): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: unknown[]) => {
    try {
      await handler(...args);
    } catch (error) {
      reportError(log, id, error);
    }
  });
}

/** Logs an error and shows it, with a button that opens the log. */
export function reportError(log: vscode.LogOutputChannel, doing: string, error: unknown): void {
  if (error instanceof CancelledError) return;
  log.error(`${doing}: ${visible(messageOf(error))}`);
  if (!(error instanceof ScourError) && error instanceof Error) log.error(error.stack ?? '');
  const showLog = 'Show Log';
  void vscode.window.showErrorMessage(`Scour: ${visible(messageOf(error))}`, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}
