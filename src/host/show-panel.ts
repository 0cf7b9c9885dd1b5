import * as vscode from 'vscode';
import { panelHtml } from './webview-html';

/** The pages in dist/webview. */
export type Page = 'audit' | 'compare' | 'evaluation' | 'cleansing' | 'splitting';

/** Fills a panel with one of the pages; the panel can load nothing from anywhere else. */
export function showPanel(
  panel: vscode.WebviewPanel,
  extensionUri: vscode.Uri,
  page: Page,
  title: string,
): void {
  const root = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const { webview } = panel;
  webview.options = { enableScripts: true, localResourceRoots: [root] };
  const address = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(root, file)).toString();
  webview.html = panelHtml({
    title,
    cspSource: webview.cspSource,
    script: address(`${page}.js`),
    style: address('panel.css'),
  });
}
