import { escapeHtml } from '../protocol/html';
import { visible } from '../protocol/wording';
import type { Part } from './document';

/** A report as GitHub-flavoured Markdown. */
export function documentMarkdown(parts: readonly Part[]): string {
  return `${parts
    .map(write)
    .filter((text) => text !== '')
    .join('\n\n')}\n`;
}

function write(part: Part): string {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level)} ${safe(part.text)}`;
    case 'text':
      return part.tone === 'bad' ? `**${safe(part.text)}**` : safe(part.text);
    case 'list':
      return part.items.map((item) => `- ${safe(item)}`).join('\n');
    case 'table': {
      const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      const rows = part.rows.map((row) => line(row.map((cell) => safe(String(cell)))));
      const rule = line(part.header.map(() => '---'));
      return [safe(part.caption), '', line(part.header.map(safe)), rule, ...rows].join('\n');
    }
    case 'figures':
      return '';
  }
}

/** Untrusted text as Markdown that shows it and does nothing else: no markup, HTML, links or new lines. */
function safe(text: string): string {
  return visible(text, 2000)
    .replace(/[\\`*_{}[\]#|~!]/g, (mark) => `\\${mark}`)
    .replace(/[&<>]/g, (mark) => escapeHtml(mark))
    .replace(/(?<=https?):/g, '\\:');
}
