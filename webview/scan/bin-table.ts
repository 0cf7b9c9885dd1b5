import { SortableTable } from '../dom/table';
import { formatCount, formatStatistic } from '../text/format';

interface Edges {
  readonly from: number;
  readonly to: number;
}

/** The table twin of a histogram of UCLC: the edges of each bin, then counts. */
export function binTable<Bin extends Edges>(
  caption: string,
  counts: readonly {
    readonly id: string;
    readonly label: string;
    readonly value: (bin: Bin) => number;
  }[],
): SortableTable<Bin> {
  return new SortableTable<Bin>({
    caption,
    empty: 'This layer has no finite UCLC.',
    columns: [
      {
        id: 'from',
        label: 'From',
        numeric: true,
        value: ({ from }) => from,
        cell: ({ from }) => formatStatistic(from),
      },
      {
        id: 'to',
        label: 'To',
        numeric: true,
        value: ({ to }) => to,
        cell: ({ to }) => formatStatistic(to),
      },
      ...counts.map(({ id, label, value }) => ({
        id,
        label,
        numeric: true,
        value,
        cell: (bin: Bin) => formatCount(value(bin)),
      })),
    ],
  });
}
