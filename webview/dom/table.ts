import { plural } from '../text/format';
import { sortRows, type Direction, type SortValue } from '../text/sort';
import { fill, h, icon, setText } from './element';
import { debounce } from './schedule';

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  /** Spoken and shown on hover where the label is a term. */
  readonly explanation?: string;
  readonly numeric?: boolean;
  /** What the column sorts by. */
  readonly value: (row: Row) => SortValue;
  /** What it shows. */
  readonly cell: (row: Row) => Node | string;
}

interface TableOptions<Row> {
  readonly caption: string;
  /** The first column names the row. */
  readonly columns: readonly [Column<Row>, ...Column<Row>[]];
  readonly sort?: { readonly column: string; readonly direction: Direction };
  /** Shown in place of the table where there are no rows. */
  readonly empty: string;
}

/** Rows shown before "Show more": thousands of them would freeze the page while u moves. */
export const PAGE = 200;
/** Milliseconds without change after which a table out of view is brought up to date. */
const REST = 150;

/** A native table whose headings sort it. Without a sort it keeps the order of its rows until a heading is pressed. */
export class SortableTable<Row> {
  readonly element: HTMLElement;
  private readonly options: TableOptions<Row>;
  private readonly body = h('tbody');
  private readonly scroller: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly more: HTMLButtonElement;
  private readonly shown = h('span', { class: 'hint' });
  private readonly footer: HTMLElement;
  private readonly headings = new Map<string, HTMLTableCellElement>();
  private rows: readonly Row[] = [];
  private sort: { column: string; direction: Direction } | null;
  private limit = PAGE;
  private near = true;
  private readonly renderLater = debounce<null>(() => {
    this.render();
  }, REST);

  constructor(options: TableOptions<Row>) {
    this.options = options;
    this.sort = options.sort ?? null;
    const head = h('tr');
    for (const column of options.columns) head.append(this.heading(column));
    this.scroller = h(
      'div',
      { class: 'table-scroller' },
      h(
        'table',
        {},
        h('caption', { class: 'visually-hidden' }, options.caption),
        h('thead', {}, head),
        this.body,
      ),
    );
    this.empty = h('p', { class: 'hint' }, options.empty);
    this.more = h('button', { class: 'link', attributes: { type: 'button' } });
    this.more.addEventListener('click', () => {
      const first = this.limit;
      this.limit += PAGE;
      this.render();
      // The button may be gone now: the focus goes on to the first row that it brought.
      if (this.more.hidden) this.focusRow(first);
    });
    this.footer = h('p', { class: 'table-footer' }, this.shown, ' ', this.more);
    this.element = h('div', { class: 'sortable-table' }, this.empty, this.scroller, this.footer);
    new IntersectionObserver(
      ([entry]) => {
        this.near = entry?.isIntersecting ?? true;
        if (this.near) this.renderLater.flush();
      },
      { rootMargin: '200px' },
    ).observe(this.element);
    this.markSort();
    this.render();
  }

  /** Shows `rows`: at once where the table is in view, otherwise once they have come to rest. */
  update(rows: readonly Row[]): void {
    this.rows = rows;
    // A first filling gives the page its height, which scroll positions rest on.
    if (this.near || this.body.rows.length === 0) this.render();
    else this.renderLater(null);
  }

  private heading(column: Column<Row>): HTMLTableCellElement {
    const label = h('button', { class: 'sort', attributes: { type: 'button' } }, column.label, icon('sort'));
    if (column.explanation !== undefined) label.title = column.explanation;
    label.addEventListener('click', () => {
      const first: Direction = column.numeric === true ? 'descending' : 'ascending';
      const other: Direction = first === 'ascending' ? 'descending' : 'ascending';
      const again = this.sort?.column === column.id && this.sort.direction === first;
      this.sort = { column: column.id, direction: again ? other : first };
      this.limit = PAGE;
      this.markSort();
      this.render();
    });
    const cell = h('th', { class: numericClass(column), attributes: { scope: 'col' } }, label);
    this.headings.set(column.id, cell);
    return cell;
  }

  private markSort(): void {
    for (const [id, cell] of this.headings) {
      if (id === this.sort?.column) cell.setAttribute('aria-sort', this.sort.direction);
      else cell.removeAttribute('aria-sort');
    }
  }

  private render(): void {
    const column = this.options.columns.find(({ id }) => id === this.sort?.column);
    const ordered = column ? sortRows(this.rows, column.value, this.sort!.direction) : this.rows;
    const page = ordered.slice(0, this.limit);
    fill(this.body, ...page.map((row) => this.row(row)));
    const left = this.rows.length - page.length;
    this.empty.hidden = this.rows.length > 0;
    this.scroller.hidden = this.rows.length === 0;
    this.footer.hidden = this.rows.length <= PAGE;
    this.more.hidden = left === 0;
    setText(this.shown, `${plural(page.length, 'row')} of ${plural(this.rows.length, 'row')} shown.`);
    setText(this.more, `Show ${plural(Math.min(PAGE, left), 'more row')}`);
  }

  private row(row: Row): HTMLTableRowElement {
    const cells = this.options.columns.map((column, index) =>
      index === 0
        ? h('th', { class: numericClass(column), attributes: { scope: 'row' } }, column.cell(row))
        : h('td', { class: numericClass(column) }, column.cell(row)),
    );
    return h('tr', {}, ...cells);
  }

  private focusRow(index: number): void {
    const row = this.body.rows[index];
    if (row === undefined) return;
    row.tabIndex = -1;
    row.focus();
  }
}

function numericClass<Row>(column: Column<Row>): string {
  return column.numeric === true ? 'numeric' : '';
}
