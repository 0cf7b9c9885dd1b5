import type { Markup } from './html/markup';

/**
 * A report as a list of parts, written as Markdown or HTML by `documentMarkdown` and `documentHtml`. All text is
 * untrusted and is made safe by the writers.
 */
export type Part =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly tone: 'plain' | 'dim' | 'bad' }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly header: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
      /** Columns, apart from the first, that hold no numbers. */
      readonly textual: readonly number[];
    }
  /** Pictures, which Markdown goes without: what they show stands in a table as well. */
  | { readonly kind: 'figures'; readonly markup: Markup };

export function heading(text: string, level: 1 | 2 = 2): Part {
  return { kind: 'heading', level, text };
}

export function paragraph(text: string, tone: 'plain' | 'dim' | 'bad' = 'plain'): Part {
  return { kind: 'text', text, tone };
}

/** A list; nothing where it is empty. */
export function list(items: readonly string[]): Part[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

export function table(
  caption: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  textual: readonly number[] = [],
): Part {
  return { kind: 'table', caption, header, rows, textual };
}

export function figures(markup: Markup): Part {
  return { kind: 'figures', markup };
}
