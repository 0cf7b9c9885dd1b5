import type { CleansingDescription, CleansingRun } from '../../src/protocol/cleansing';
import { startWords } from './start-words';

const STATUS: Readonly<Record<CleansingRun['status'], string>> = {
  running: 'running',
  paused: 'paused',
  interrupted: 'interrupted',
  complete: 'complete',
  diverged: 'diverged',
};

/** The pill of a run. */
export function statusWord({ status }: Pick<CleansingRun, 'status'>): string {
  return STATUS[status];
}

/** True where a run can go on from its last checkpoint. */
export function resumable({ status }: Pick<CleansingRun, 'status'>): boolean {
  return status === 'paused' || status === 'interrupted';
}

/** True where a run has a student to export. */
export function finished({ status, report }: Pick<CleansingRun, 'status' | 'report'>): boolean {
  return (status === 'complete' || status === 'diverged') && report !== null;
}

/** What a run starts from, for headings and legends. */
export function runName(run: CleansingRun, description: CleansingDescription | null): string {
  const { ratios, clpU, training } = run.order;
  const { restoreNorms } = training;
  return startWords({ ratios, clpU, redrawn: run.redrawn, restoreNorms }, description);
}

/** `2026-11-21 12:00:00`, in the time of the machine; an impossible date stays as it is. */
export function startedAt({ started }: Pick<CleansingRun, 'started'>): string {
  const date = new Date(started);
  if (Number.isNaN(date.getTime())) return started;
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** What a run is and how far it came, in a line. */
export function runWords(run: CleansingRun, description: CleansingDescription | null): string {
  return `${runName(run, description)}; epoch ${run.history.length} of ${run.order.training.epochs}; started ${startedAt(run)}`;
}

/** A name for each run that tells it from the others. */
export function runNames(runs: readonly CleansingRun[], description: CleansingDescription | null): string[] {
  const names = runs.map((run) => runName(run, description));
  return names.map((name, at) =>
    names.filter((other) => other === name).length === 1
      ? name
      : `${name}, seed ${runs[at]!.order.training.seed}, ${startedAt(runs[at]!)}`,
  );
}
