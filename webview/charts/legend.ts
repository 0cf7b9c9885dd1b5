import { h } from '../dom/element';
import { MARKS } from './xy-chart';

/** What each mark of a chart stands for. */
export function legend(
  entries: readonly { readonly name: string; readonly mark: number; readonly hollow?: boolean }[],
): HTMLElement {
  return h(
    'ul',
    { class: 'legend' },
    ...entries.map(({ name, mark, hollow = false }) =>
      h(
        'li',
        {},
        h(
          'span',
          { class: `mark mark-${mark % MARKS.length}`, attributes: { 'aria-hidden': 'true' } },
          MARKS[mark % MARKS.length]![hollow ? 'hollow' : 'glyph'],
        ),
        h('bdi', {}, name),
      ),
    ),
  );
}
