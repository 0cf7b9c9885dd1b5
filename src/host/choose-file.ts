import * as vscode from 'vscode';

export interface FileQuestion {
  title: string;
  /** Of the button that takes what was chosen. */
  label: string;
  /** True where a folder is asked for. */
  folder?: boolean;
  filters?: Record<string, string[]>;
}

/** Asks for a file or a folder, starting at `near`; undefined where the user backed out. */
export async function chooseFile(
  { title, label, folder = false, filters }: FileQuestion,
  near: string,
): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title,
      defaultUri: vscode.Uri.file(near),
      canSelectFiles: !folder,
      canSelectFolders: folder,
      openLabel: label,
      ...(filters === undefined ? {} : { filters: { ...filters, 'All files': ['*'] } }),
    })) ?? [];
  return chosen?.fsPath;
}
