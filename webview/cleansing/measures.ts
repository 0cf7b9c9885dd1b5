import type { CleanseEpoch, Monitored } from '../../src/protocol/cleanse';
import type { CleansingRun } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { formatPercent, formatStatistic } from '../text/format';

/** Something that is known of a student epoch by epoch. */
export interface Measure {
  readonly id: string;
  readonly label: string;
  /** `%` or nothing. */
  readonly unit: '' | '%';
  readonly of: (epoch: CleanseEpoch) => number | null;
  /** Of the student before training; null where it was not measured. */
  readonly atStart: (run: CleansingRun) => number | null;
  /** Of the teacher; null where it was not measured. */
  readonly ofTeacher: (run: CleansingRun) => number | null;
}

const NOT_BEFORE = { atStart: () => null, ofTeacher: () => null };

export const LOSS: Measure = {
  id: 'loss',
  label: 'Loss',
  unit: '',
  of: ({ loss }) => (Number.isFinite(loss) ? loss : null),
  ...NOT_BEFORE,
};
export const TEMPERATURE: Measure = {
  id: 'temperature',
  label: 'Temperature',
  unit: '',
  of: ({ temperature }) => temperature,
  ...NOT_BEFORE,
};
export const AGREEMENT: Measure = {
  id: 'agreement',
  label: 'Agreement',
  unit: '%',
  of: ({ agreement }) => agreement,
  ...NOT_BEFORE,
};

function monitored(
  id: string,
  label: string,
  value: (monitored: Monitored | undefined) => number | null | undefined,
): Measure {
  return {
    id,
    label,
    unit: '%',
    of: (epoch) => value(epoch.monitored) ?? null,
    atStart: ({ before }) => value(before?.student) ?? null,
    ofTeacher: ({ before }) => value(before?.teacher) ?? null,
  };
}

/** What was watched of some runs: ACC, and ASR and RA for each trigger. */
export function watchedMeasures(runs: readonly CleansingRun[]): Measure[] {
  const seen = runs.flatMap(({ before, history }) => [
    ...(before === null ? [] : [before.teacher]),
    ...history.flatMap((epoch) => epoch.monitored ?? []),
  ]);
  const names = [...new Set(seen.flatMap(({ attacks }) => attacks.map(({ name }) => name)))];
  return [
    ...(seen.some(({ acc }) => acc !== null) ? [monitored('acc', 'ACC', (of) => of?.acc)] : []),
    ...names.flatMap((name) => {
      const suffix = names.length > 1 ? ` · ${visible(name, 40)}` : '';
      const attack = (of: Monitored | undefined) => of?.attacks.find((one) => one.name === name);
      return [
        monitored(`asr-${name}`, `ASR${suffix}`, (of) => attack(of)?.asr),
        monitored(`ra-${name}`, `RA${suffix}`, (of) => attack(of)?.ra),
      ];
    }),
  ];
}

/** Everything that can be drawn of some runs. */
export function measuresOf(runs: readonly CleansingRun[]): Measure[] {
  return [LOSS, AGREEMENT, ...watchedMeasures(runs), TEMPERATURE];
}

export function formatMeasure({ unit }: Pick<Measure, 'unit'>, value: number | null): string {
  if (value === null) return '–';
  return unit === '%' ? formatPercent(value) : formatStatistic(value);
}

/** The epoch that the student of a run is of: the last, or of a run that diverged the best one. */
export function studentEpoch({ history, report }: CleansingRun): CleanseEpoch | undefined {
  return report === null ? history.at(-1) : history.find(({ epoch }) => epoch === report.epoch);
}

/** What the student of a run stands at; null before the first epoch. */
export function studentAt(run: CleansingRun, measure: Measure): number | null {
  const epoch = studentEpoch(run);
  return epoch === undefined ? null : measure.of(epoch);
}
