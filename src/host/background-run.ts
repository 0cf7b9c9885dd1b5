import * as vscode from 'vscode';

/** A session whose job may outlive its panel. */
export interface LastingSession {
  /** True while the job runs. */
  readonly running: boolean;
  /** Where the job stands. */
  readonly progress: string;
  pause(): void;
  /** Calls `listener` with every change. Returns a function that stops it. */
  subscribe(listener: (message: { readonly kind: string }) => void): () => void;
}

/**
 * Shows a running job as a notification, whose Cancel pauses it, until it ends or `hidden` turns false: a panel shows it
 * again. Calls `onEnd` where it ended out of sight.
 */
export function followInBackground(
  session: LastingSession,
  { title, hidden, onEnd }: { title: string; hidden: () => boolean; onEnd: () => void },
): void {
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, token) =>
      new Promise<void>((resolve) => {
        token.onCancellationRequested(() => session.pause());
        const stop = session.subscribe((message) => {
          if (message.kind !== 'job') return;
          if (session.running && hidden()) {
            progress.report({ message: session.progress });
            return;
          }
          stop();
          resolve();
          if (hidden()) onEnd();
        });
      }),
  );
}

/** Says that a job has ended or paused out of sight, and offers to show it. */
export function announceEnd(message: string, show: () => void): void {
  const button = 'Show';
  void vscode.window.showInformationMessage(message, button).then((chosen) => {
    if (chosen === button) show();
  });
}
