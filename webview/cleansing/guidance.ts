import type { CleansingRun } from '../../src/protocol/cleansing';
import { cleansingGuidance, type CleansingGuidance } from '../../src/protocol/cleansing-guidance';
import { studentEpoch } from './measures';

/** What a run showed, and what to change. */
export function guidanceFor(run: CleansingRun): CleansingGuidance {
  const { status, order, before, history } = run;
  return cleansingGuidance({
    diverged: status === 'diverged',
    clpU: order.clpU,
    before,
    history,
    student: studentEpoch(run),
    agreement: run.report?.agreement ?? null,
  });
}
