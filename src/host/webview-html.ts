import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../protocol/html';

export interface ShellOptions {
  title: string;
  /** `webview.cspSource`. */
  cspSource: string;
  /** Addresses of the panel's script and style, from `webview.asWebviewUri`. */
  script: string;
  style: string;
}

/**
 * The HTML of a panel: an empty `<main>` that its script fills. Nothing inline, nothing from the network; only the one
 * script that carries this page's nonce runs.
 */
export function panelHtml(options: ShellOptions): string {
  const nonce = randomBytes(16).toString('base64');
  const source = escapeHtml(options.cspSource);
  const policy = [
    `default-src 'none'`,
    `img-src ${source} data:`,
    `font-src ${source}`,
    `style-src ${source}`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(options.title)}</title>
<link rel="stylesheet" href="${escapeHtml(options.style)}">
</head>
<body>
<main id="app"></main>
<script nonce="${nonce}" src="${escapeHtml(options.script)}"></script>
</body>
</html>`;
}
