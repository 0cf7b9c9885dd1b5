import { nameOf } from '../dom/name';
import { SortableTable, type Column } from '../dom/table';
import type { LayerAtU } from '../scan/at-u';
import { incomparable, type ChannelDifference, type LayerPair } from '../scan/match';
import { formatCount, formatDelta, formatStatistic } from '../text/format';

type Measure = (layer: LayerAtU) => number | null;

/** A, B and B − A of one measure of a layer. */
function columnsOf(id: string, label: string, of: Measure): Column<LayerPair>[] {
  const side = (which: 'left' | 'right', letter: string): Column<LayerPair> => {
    const value = (pair: LayerPair): number | null => {
      const layer = pair[which];
      return layer === null || layer.layer.status === 'skipped' ? null : of(layer);
    };
    return {
      id: `${id}-${which}`,
      label: `${label} ${letter}`,
      numeric: true,
      value,
      cell: (pair) => show(value(pair)),
    };
  };
  const left = side('left', 'A');
  const right = side('right', 'B');
  const delta = (pair: LayerPair): number | null => {
    const a = left.value(pair);
    const b = right.value(pair);
    return typeof a === 'number' && typeof b === 'number' ? b - a : null;
  };
  return [
    left,
    right,
    {
      id: `${id}-delta`,
      label: 'Δ',
      explanation: `${label}: B − A`,
      numeric: true,
      value: delta,
      cell: (pair) => formatDelta(delta(pair)),
    },
  ];
}

function show(value: number | null): string {
  return value === null ? '–' : formatStatistic(value);
}

/** Statistics of both models, layer by layer. */
export function layerTable(): SortableTable<LayerPair> {
  return new SortableTable<LayerPair>({
    caption: 'Layers of both models',
    empty: 'Neither model has a convolution.',
    columns: [
      { id: 'name', label: 'Layer', value: ({ name }) => name, cell: ({ name }) => nameOf(name) },
      ...columnsOf('outliers', 'Outliers', ({ outliers }) => outliers.length),
      ...columnsOf('mean', 'Mean', ({ layer }) => layer.mean),
      ...columnsOf('std', 'Std', ({ layer }) => layer.std),
      ...columnsOf('threshold', 'Threshold', ({ threshold }) => threshold),
      {
        id: 'match',
        label: 'Match',
        value: (pair) => incomparable(pair) ?? 'by name',
        cell: (pair) => incomparable(pair) ?? 'by name',
      },
    ],
  });
}

/** Channels whose UCLC differs. */
export function channelTable(): SortableTable<ChannelDifference> {
  return new SortableTable<ChannelDifference>({
    caption: 'Channels that differ',
    empty: 'In the layers that both models have, every channel has the same UCLC.',
    columns: [
      { id: 'layer', label: 'Layer', value: ({ layer }) => layer, cell: ({ layer }) => nameOf(layer) },
      {
        id: 'channel',
        label: 'Channel',
        numeric: true,
        value: ({ channel }) => channel,
        cell: ({ channel }) => formatCount(channel),
      },
      {
        id: 'left',
        label: 'UCLC A',
        numeric: true,
        value: ({ left }) => left,
        cell: ({ left }) => formatStatistic(left),
      },
      {
        id: 'right',
        label: 'UCLC B',
        numeric: true,
        value: ({ right }) => right,
        cell: ({ right }) => formatStatistic(right),
      },
      {
        id: 'delta',
        label: 'Δ',
        explanation: 'B − A',
        numeric: true,
        value: ({ delta }) => delta,
        cell: ({ delta }) => formatDelta(delta),
      },
      {
        id: 'kind',
        label: 'What happened',
        value: ({ kind }) => kind,
        cell: ({ kind }) => (kind === 'changed' ? 'changed' : `${kind}: pruned`),
      },
    ],
  });
}
