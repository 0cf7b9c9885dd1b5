import * as vscode from 'vscode';
import { panelHtml } from './webview-html';

/** Fills a panel with one of the pages in dist/webview; the panel can load nothing from anywhere else. */
export function showPanel(
  panel: vscode.WebviewPanel,
  extensionUri: vscode.Uri,
  page: 'audit' | 'compare' | 'evaluation' | 'cleansing' | 'splitting',
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
