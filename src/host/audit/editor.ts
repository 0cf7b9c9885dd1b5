import * as vscode from 'vscode';
import { FromAuditPanelSchema, type FromAuditPanel } from '../../protocol/audit';
import { localPath, nameOf } from '../local-file';
import { receive } from '../panel-messages';
import { setting } from '../settings';
import { showPanel } from '../show-panel';
import { AuditDocument } from './document';
import type { AuditServices } from './services';
import { AuditSession } from './session';
import { watchModel } from './watch';

export const AUDIT_EDITOR = 'scour.audit';

/** The read-only custom editor that shows the audit of a model file. */
export class AuditEditorProvider implements vscode.CustomReadonlyEditorProvider<AuditDocument> {
  private readonly services: AuditServices;
  private readonly open = new Map<string, AuditDocument>();
  private shown: AuditDocument | null = null;
  private saysRunning = false;

  constructor(services: AuditServices) {
    this.services = services;
  }

  /** The open audit of a file; without one named, the audit in the active editor. */
  find(uri?: vscode.Uri): AuditDocument | null {
    return uri === undefined ? this.shown : (this.open.get(uri.toString()) ?? null);
  }

  get documents(): Iterable<AuditDocument> {
    return this.open.values();
  }

  openCustomDocument(uri: vscode.Uri): AuditDocument {
    const { auditor, engine, memory, log } = this.services;
    const id = uri.toString();
    const session = new AuditSession({
      path: localPath(uri),
      name: nameOf(uri),
      auditor,
      engine,
      settings: memory.recall(id) ?? { u: setting('scour.u'), images: null, preprocessing: {} },
      remember: (settings) => memory.remember(id, settings),
      trusted: () => vscode.workspace.isTrusted,
      previewLimit: () => setting('scour.preview.limit'),
    });
    const external = () => session.audited?.audit.report.model.external?.map((file) => file.path) ?? [];
    const document = new AuditDocument(uri, session, [
      watchModel(uri, external, () => {
        log.info(`${id} changed on disk`);
        void session.fileChanged();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged()),
      new vscode.Disposable(session.subscribe(() => this.setContext())),
      new vscode.Disposable(() => this.forget(document)),
    ]);
    this.open.set(id, document);
    void session.scan(true);
    return document;
  }

  resolveCustomEditor(document: AuditDocument, panel: vscode.WebviewPanel): void {
    const { session } = document;
    const subscription = session.subscribe((message) => void panel.webview.postMessage(message));
    const activate = () => {
      if (panel.active) this.shown = document;
      else if (this.shown === document) this.shown = null;
      this.setContext();
    };
    panel.onDidChangeViewState(activate);
    panel.onDidDispose(subscription);
    panel.webview.onDidReceiveMessage((message: unknown) =>
      receive('audit', FromAuditPanelSchema, message, this.services, (known) =>
        this.handle(document, panel, known),
      ),
    );
    showPanel(panel, this.services.extensionUri, 'audit', session.name);
    activate();
  }

  private async handle(
    document: AuditDocument,
    panel: vscode.WebviewPanel,
    message: FromAuditPanel,
  ): Promise<void> {
    const { session } = document;
    const { actions } = this.services;
    switch (message.kind) {
      case 'ready':
        for (const state of session.messages()) void panel.webview.postMessage(state);
        return;
      case 'cancel':
        session.cancel(message.job);
        return;
      case 'rescan':
        return session.scan(false);
      case 'u':
        session.setU(message.u);
        return;
      case 'chooseImages':
        return actions.chooseImages(document);
      case 'forgetImages':
        session.setImages(null);
        return;
      case 'preprocessing':
        session.setPreprocessing(message.options);
        return;
      case 'preview':
        return actions.preview(document, message.u);
      case 'export':
        return actions.exportPruned(document, message.u);
      case 'openExported':
        return actions.openExported(document);
      case 'compare':
        return actions.compare(document, message.withExported);
      case 'manageTrust':
        return actions.manageTrust();
    }
  }

  private forget(document: AuditDocument): void {
    if (this.open.get(document.uri.toString()) === document) this.open.delete(document.uri.toString());
    if (this.shown === document) this.shown = null;
    this.setContext();
  }

  /** Tells menus whether the active audit runs something that can be cancelled. */
  private setContext(): void {
    const running = this.shown?.session.running ?? false;
    if (running === this.saysRunning) return;
    this.saysRunning = running;
    void vscode.commands.executeCommand('setContext', 'scour.running', running);
  }
}
