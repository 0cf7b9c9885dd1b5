import { escapeHtml } from '../../protocol/html';
import { visible } from '../../protocol/wording';

/** HTML that is safe to put together; made by the functions of this file only. */
export interface Markup {
  readonly html: string;
}

export type Content = string | number | Markup | readonly Content[];

/** Untrusted text is escaped and its invisible characters are shown; markup is taken as it is. */
export function render(content: Content): string {
  if (typeof content === 'string') return escapeHtml(visible(content, 4000));
  if (typeof content === 'number') return String(content);
  if (isList(content)) return content.map(render).join('');
  return content.html;
}

function isList(content: Exclude<Content, string | number>): content is readonly Content[] {
  return Array.isArray(content);
}

const VOID = new Set(['img', 'meta', 'line', 'circle', 'rect', 'polyline']);

/** An element. Attribute values are escaped as content is; an attribute of false is left out, one of true has no value. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean>>,
  ...content: readonly Content[]
): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== false)
    .map(([key, value]) =>
      value === true ? ` ${key}` : ` ${key}="${escapeHtml(visible(String(value), Infinity))}"`,
    )
    .join('');
  const isEmpty = VOID.has(name) && content.length === 0;
  // XML's short form, which HTML accepts for void elements and SVG.
  return { html: isEmpty ? `<${name}${written}/>` : `<${name}${written}>${render(content)}</${name}>` };
}

/** A table with a caption; columns from the second on are numbers unless `textual` names them. */
export function table(
  caption: string,
  header: readonly string[],
  rows: readonly (readonly Content[])[],
  textual: readonly number[] = [],
): Markup {
  const kind = (column: number): Record<string, string | boolean> => ({
    class: column > 0 && !textual.includes(column) && 'number',
  });
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        header.map((title, column) => element('th', { scope: 'col', ...kind(column) }, title)),
      ),
    ),
    element(
      'tbody',
      {},
      rows.map((row) =>
        element(
          'tr',
          {},
          row.map((cell, column) =>
            column === 0 ? element('th', { scope: 'row' }, cell) : element('td', kind(column), cell),
          ),
        ),
      ),
    ),
  );
}

export function section(title: string, ...content: readonly Content[]): Markup {
  return element('section', {}, element('h2', {}, title), content);
}
