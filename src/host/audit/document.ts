import type { CustomDocument, Disposable, Uri } from 'vscode';
import type { AuditSession } from './session';

/** The audit of one file as VS Code knows it; it lives as long as an editor shows it. */
export class AuditDocument implements CustomDocument {
  readonly uri: Uri;
  readonly session: AuditSession;
  private readonly owned: readonly Disposable[];

  constructor(uri: Uri, session: AuditSession, owned: readonly Disposable[]) {
    this.uri = uri;
    this.session = session;
    this.owned = owned;
  }

  dispose(): void {
    for (const disposable of this.owned) disposable.dispose();
    this.session.dispose();
  }
}
