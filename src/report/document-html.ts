import { createHash } from 'node:crypto';
import type { Part } from './document';
import { element, render, table, type Content } from './html/markup';
import { STYLE } from './html/style';

/**
 * A report as one self-contained HTML file: no script, nothing from the network, every chart with its figures in a table.
 * Names are untrusted text and come out escaped.
 */
export function documentHtml(title: string, parts: readonly Part[]): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${render(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>${render(inSections(parts))}</main>
</body>
</html>
`;
}

/** Each heading opens a section of what follows it. */
function inSections(parts: readonly Part[]): Content[] {
  const sections: { name: 'header' | 'section'; content: Content[] }[] = [];
  for (const part of parts) {
    if (part.kind === 'heading')
      sections.push({ name: part.level === 1 ? 'header' : 'section', content: [] });
    (sections.at(-1) ?? sections[sections.push({ name: 'section', content: [] }) - 1]!).content.push(
      write(part),
    );
  }
  return sections.map(({ name, content }) => element(name, {}, content));
}

function write(part: Part): Content {
  switch (part.kind) {
    case 'heading':
      return element(part.level === 1 ? 'h1' : 'h2', {}, part.text);
    case 'text':
      return element('p', part.tone === 'plain' ? {} : { class: part.tone }, part.text);
    case 'list':
      return element(
        'ul',
        {},
        part.items.map((item) => element('li', {}, item)),
      );
    case 'table':
      return table(part.caption, part.header, part.rows, part.textual);
    case 'figures':
      return part.markup;
  }
}
