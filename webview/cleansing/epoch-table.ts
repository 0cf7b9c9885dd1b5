import type { CleanseEpoch } from '../../src/protocol/cleanse';
import type { CleansingRun } from '../../src/protocol/cleansing';
import { SortableTable, type Column } from '../dom/table';
import { formatStatistic } from '../text/format';
import { formatMeasure, measuresOf } from './measures';

/** The table twin of a run's curves: a row an epoch. */
export function epochTable(run: CleansingRun): SortableTable<CleanseEpoch> {
  const number = (
    id: string,
    label: string,
    value: (epoch: CleanseEpoch) => number | null,
    cell: (value: number | null) => string,
  ): Column<CleanseEpoch> => ({
    id,
    label,
    numeric: true,
    value,
    cell: (epoch) => cell(value(epoch)),
  });
  const plain = (value: number | null): string => (value === null ? '–' : formatStatistic(value));
  const table = new SortableTable<CleanseEpoch>({
    caption: 'Epochs of the run',
    empty: 'No epoch has ended yet.',
    columns: [
      number('epoch', 'Epoch', ({ epoch }) => epoch, String),
      ...measuresOf([run]).map((measure) =>
        number(measure.id, measure.label, measure.of, (value) => formatMeasure(measure, value)),
      ),
      number('rate', 'Learning rate', ({ rate }) => rate, plain),
      number('seconds', 'Seconds', ({ seconds }) => Number(seconds.toFixed(1)), plain),
    ],
  });
  table.update(run.history);
  return table;
}
