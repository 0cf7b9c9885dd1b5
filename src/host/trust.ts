import * as vscode from 'vscode';

/**
 * True where the workspace is trusted; otherwise asks the user to decide about trust and returns false, so that the
 * user starts the action again once it is allowed.
 * @param action what needs trust, as the start of a sentence: "Exporting a pruned model"
 */
export async function requireTrust(action: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const chosen = await vscode.window.showWarningMessage(
    `${action} needs a trusted workspace. Scanning only reads bytes and works in Restricted Mode.`,
    manage,
  );
  if (chosen === manage) await manageTrust();
  return false;
}

/** Opens VS Code's own page about the trust of this workspace. */
export async function manageTrust(): Promise<void> {
  await vscode.commands.executeCommand('workbench.trust.manage');
}
