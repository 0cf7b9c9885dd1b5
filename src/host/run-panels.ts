import * as v from 'valibot';
import * as vscode from 'vscode';
import { capitalised, visible } from '../protocol/wording';
import { announceEnd, followInBackground, type LastingSession } from './background-run';
import { localPath } from './local-file';
import { receive, type PanelServices } from './panel-messages';
import { showPanel, type Page } from './show-panel';

/** A session about one file or folder, whose run goes on when its panel is closed. */
interface SubjectSession extends LastingSession {
  readonly path: string;
  /** Of the file, as the user may read it. */
  readonly name: string;
  /** Everything a panel shows, for one that has just been opened. */
  messages(): Iterable<unknown>;
  trustChanged(): void;
  dispose(): void;
}

/** The session of a file, with its panel while one is open. */
interface OpenSubject<S extends SubjectSession> {
  readonly session: S;
  panel: vscode.WebviewPanel | null;
}

/** What a page sends when it can show something. */
interface Ready {
  readonly kind: 'ready';
}

/** What sets one kind of panel apart. */
interface RunPanelKind<S extends SubjectSession, M extends { readonly kind: string }> {
  /** Names the panels to VS Code, which restores them with their window. */
  readonly viewType: string;
  readonly page: Page;
  /** What its title says it does to the file, such as "Cleanse". */
  readonly verb: string;
  /** Where its page keeps the path of its file, for when the window comes back. */
  readonly kept: string;
  readonly schema: v.GenericSchema<unknown, M>;
  /** True for a file that had such a panel before. */
  knows(file: string): boolean;
  create(uri: vscode.Uri): S;
  handle(session: S, message: Exclude<M, Ready>): Promise<void> | void;
  /** What a shown session listens to besides. */
  listen?(session: S): vscode.Disposable;
}

/** Panels of one kind, one a file: opened, restored with their window, and left while their run goes on. */
export class RunPanels<S extends SubjectSession, M extends { readonly kind: string }>
  implements vscode.WebviewPanelSerializer
{
  private readonly kind: RunPanelKind<S, M>;
  private readonly services: PanelServices & { readonly extensionUri: vscode.Uri };
  private readonly open = new Map<string, OpenSubject<S>>();

  constructor(kind: RunPanelKind<S, M>, services: PanelServices & { readonly extensionUri: vscode.Uri }) {
    this.kind = kind;
    this.services = services;
  }

  /** Shows the panel that has the file already, or a new one. */
  reveal(uri: vscode.Uri): void {
    const opened = this.openedFor(uri);
    if (opened.panel !== null) {
      opened.panel.reveal();
      return;
    }
    const title = this.titleOf(opened.session);
    this.show(opened, vscode.window.createWebviewPanel(this.kind.viewType, title, vscode.ViewColumn.Active));
  }

  /** Fills a panel that VS Code brought back with the window; only of files that had one before. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = v.safeParse(v.record(v.string(), v.unknown()), state);
    const file = kept.success ? kept.output[this.kind.kept] : undefined;
    if (typeof file !== 'string' || !this.kind.knows(file)) {
      panel.dispose();
      return Promise.resolve();
    }
    const opened = this.openedFor(vscode.Uri.file(file));
    if (opened.panel === null) this.show(opened, panel);
    else panel.dispose();
    return Promise.resolve();
  }

  dispose(): void {
    for (const { session } of this.open.values()) session.dispose();
    this.open.clear();
  }

  private openedFor(uri: vscode.Uri): OpenSubject<S> {
    const file = localPath(uri);
    const known = this.open.get(file);
    if (known !== undefined) return known;
    const opened = { session: this.kind.create(uri), panel: null };
    this.open.set(file, opened);
    return opened;
  }

  private show(opened: OpenSubject<S>, panel: vscode.WebviewPanel): void {
    const { session } = opened;
    const { page, schema } = this.kind;
    opened.panel = panel;
    const post = (message: unknown) => void panel.webview.postMessage(message);
    const subscription = session.subscribe(post);
    const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged());
    const more = this.kind.listen?.(session);
    panel.onDidDispose(() => {
      opened.panel = null;
      subscription();
      trust.dispose();
      more?.dispose();
      this.leave(opened);
    });
    panel.webview.onDidReceiveMessage((message: unknown) =>
      receive(page, schema, message, this.services, (known) => {
        if (isRequest(known)) return this.kind.handle(session, known);
        for (const state of session.messages()) post(state);
      }),
    );
    showPanel(panel, this.services.extensionUri, page, this.titleOf(session));
  }

  /** Without a panel, a run goes on under a notification; nothing else does. */
  private leave(opened: OpenSubject<S>): void {
    const { session } = opened;
    if (!session.running) {
      this.forget(session);
      return;
    }
    followInBackground(session, {
      title: `${capitalised(this.kind.page)} ${visible(session.name)}`,
      hidden: () => opened.panel === null,
      onEnd: () => this.ended(session),
    });
  }

  private ended(session: S): void {
    const uri = vscode.Uri.file(session.path);
    this.forget(session);
    announceEnd(`The ${this.kind.page} of ${visible(session.name)} has ended or paused.`, () =>
      this.reveal(uri),
    );
  }

  private forget(session: S): void {
    this.open.delete(session.path);
    session.dispose();
  }

  private titleOf({ name }: S): string {
    return `${this.kind.verb} ${visible(name)}`;
  }
}

/** True for all that a page sends but the word that it is there. */
function isRequest<M extends { readonly kind: string }>(message: M): message is Exclude<M, Ready> {
  return message.kind !== 'ready';
}
