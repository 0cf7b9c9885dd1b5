import type { Outlier } from '../../src/protocol/scan';
import { h, setText } from '../dom/element';
import { nameOf } from '../dom/name';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { SortableTable, type Column } from '../dom/table';
import type { AuditAtU, LayerAtU } from '../scan/at-u';
import { formatCount, formatKernel, formatStatistic, formatZ } from '../text/format';
import { visible } from '../../src/protocol/wording';
import type { AuditState, Part } from './state';

const text = <Row>(id: string, label: string, of: (row: Row) => string | null): Column<Row> => ({
  id,
  label,
  value: of,
  cell: (row) => {
    const value = of(row);
    return value === null ? '–' : nameOf(value);
  },
});
const number = <Row>(
  id: string,
  label: string,
  of: (row: Row) => number | null,
  show: (value: number | null) => string = formatStatistic,
  explanation?: string,
): Column<Row> => ({
  id,
  label,
  numeric: true,
  value: of,
  cell: (row) => show(of(row)),
  ...(explanation !== undefined && { explanation }),
});
const count = (value: number | null): string => (value === null ? '–' : formatCount(value));

/** A section that holds one table and draws it only while it is open. */
class TableSection<Row> implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly table: SortableTable<Row>;
  private readonly rowsOf: (view: AuditAtU) => readonly Row[];
  private readonly hideEmpty: boolean;
  private view: AuditAtU | null = null;

  constructor(options: {
    id: string;
    heading: string;
    memory: OpenMemory;
    table: SortableTable<Row>;
    rowsOf: (view: AuditAtU) => readonly Row[];
    hideEmpty?: boolean;
    intro?: string;
  }) {
    this.table = options.table;
    this.rowsOf = options.rowsOf;
    this.hideEmpty = options.hideEmpty ?? false;
    const { id, heading, memory } = options;
    this.section = section(
      {
        id,
        heading,
        memory,
        onOpen: () => {
          this.draw();
        },
      },
      options.intro === undefined ? null : h('p', { class: 'hint' }, options.intro),
      this.table.element,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void {
    if (state.scan === before?.scan && state.u === before.u) return;
    this.view = view;
    this.draw();
  }

  private draw(): void {
    const rows = this.view === null ? [] : this.rowsOf(this.view);
    this.element.hidden = this.view === null || (this.hideEmpty && rows.length === 0);
    setText(this.section.aside, formatCount(rows.length));
    if (this.section.isOpen()) this.table.update(rows);
  }
}

/** Every layer, scored or not. */
export function layersSection(memory: OpenMemory): TableSection<LayerAtU> {
  return new TableSection<LayerAtU>({
    id: 'layers',
    heading: 'Layers',
    memory,
    rowsOf: (view) => view.layers,
    table: new SortableTable<LayerAtU>({
      caption: 'Layers',
      empty: 'The model has no convolution.',
      columns: [
        text('name', 'Layer', ({ layer }) => layer.name),
        text('operator', 'Operator', ({ layer }) => layer.operator),
        text('kernel', 'Kernel', ({ layer }) => formatKernel(layer.kernel)),
        number('groups', 'Groups', ({ layer }) => layer.groups, count),
        number('channels', 'Channels', ({ layer }) => layer.channels, count),
        text('norm', 'Batch norm', ({ layer }) => layer.norm),
        number(
          'mean',
          'Mean',
          ({ layer }) => layer.mean,
          statisticOrDash,
          'Mean UCLC of the layer’s channels',
        ),
        number('std', 'Std', ({ layer }) => layer.std, statisticOrDash, 'Standard deviation (n − 1)'),
        number('threshold', 'Threshold', ({ threshold }) => threshold, statisticOrDash, 'Mean + u · std'),
        number('outliers', 'Outliers', ({ outliers }) => outliers.length, count),
        text('status', 'Status', statusOf),
      ],
    }),
  });
}

function statisticOrDash(value: number | null): string {
  return value === null ? '–' : formatStatistic(value);
}

function statusOf({ layer, unreachable }: LayerAtU): string {
  if (layer.status === 'skipped') return `Skipped: ${layer.reason ?? 'no reason given'}`;
  const notes = [
    ...(unreachable ? ['too few channels for this u'] : []),
    ...(layer.reason === undefined ? [] : [layer.reason]),
  ];
  return notes.length === 0 ? 'Scored' : `Scored: ${notes.join('; ')}`;
}

interface OutlierRow extends Outlier {
  readonly layer: string;
}

/** Every channel above its layer's threshold. */
export function outliersSection(memory: OpenMemory): TableSection<OutlierRow> {
  return new TableSection<OutlierRow>({
    id: 'outliers',
    heading: 'Outlier channels',
    memory,
    rowsOf: (view) =>
      view.scored.flatMap(({ layer, outliers }) =>
        outliers.map((outlier) => ({ ...outlier, layer: layer.name })),
      ),
    table: new SortableTable<OutlierRow>({
      caption: 'Outlier channels',
      empty: 'No channel lies above its layer’s threshold at this u.',
      sort: { column: 'z', direction: 'descending' },
      columns: [
        text('layer', 'Layer', ({ layer }) => layer),
        number('channel', 'Channel', ({ channel }) => channel, count),
        number('uclc', 'UCLC', ({ uclc }) => uclc),
        number(
          'z',
          'z',
          ({ z }) => z,
          (z) => (z === null ? '–' : formatZ(z)),
          '(UCLC − mean) / std of the layer',
        ),
      ],
    }),
  });
}

/** Layers that could not be scored, and why. */
export function skippedSection(memory: OpenMemory): TableSection<LayerAtU> {
  return new TableSection<LayerAtU>({
    id: 'skipped',
    heading: 'Layers not scored',
    memory,
    hideEmpty: true,
    intro: 'These layers could not be tested. What they hold is unknown.',
    rowsOf: (view) => view.skipped,
    table: new SortableTable<LayerAtU>({
      caption: 'Layers not scored',
      empty: 'Every layer was scored.',
      columns: [
        text('name', 'Layer', ({ layer }) => layer.name),
        text('operator', 'Operator', ({ layer }) => layer.operator),
        {
          id: 'reason',
          label: 'Reason',
          value: ({ layer }) => layer.reason ?? null,
          cell: ({ layer }) => visible(layer.reason ?? 'no reason given'),
        },
      ],
    }),
  });
}
