import path from 'node:path';
import { count } from '../../protocol/wording';
import type { Entry, Outcome } from './entry';

/**
 * One line that says how a scan ended. Never a verdict: a model without outliers may carry a backdoor.
 * @param entries in which the model that this one was made from may be found
 */
export function describeOutcome(outcome: Outcome, entries: readonly Entry[]): string {
  const said =
    outcome.kind === 'failed'
      ? 'failed'
      : outcome.kind === 'not-applicable'
        ? 'not applicable'
        : `${count(outcome.outliers, 'outlier')} at u = ${outcome.u}`;
  const parent = parentName(outcome, entries);
  return parent === null ? said : `${said}, exported from ${parent}`;
}

/** What the model that Scour made this one from is called here, or its hash; null where Scour did not make it. */
export function parentName(outcome: Outcome, entries: readonly Entry[]): string | null {
  if (outcome.kind === 'failed' || outcome.parent === undefined) return null;
  const { parent } = outcome;
  const entry = entries.find((other) => other.outcome.kind !== 'failed' && other.outcome.sha256 === parent);
  return entry === undefined ? `${parent.slice(0, 12)}…` : path.basename(entry.path);
}

/** A few sentences that say how a scan ended, and how far it reached. */
export function explainOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'failed':
      return outcome.message;
    case 'not-applicable':
      return `None of its ${count(outcome.layers, 'convolution')} could be scored, so this test says nothing about the model.${found(outcome.level)}`;
    case 'scored':
      return `${count(outcome.outliers, 'channel')} above mean + ${outcome.u}·std in ${outcome.scored} of ${count(outcome.layers, 'convolution')}. Networks without a backdoor show outliers too; a network without outliers may still carry one.${found(outcome.level)}`;
  }
}

function found(level: 'note' | 'warning' | 'error' | null): string {
  return level === 'warning' || level === 'error' ? ` It has findings of level ${level}.` : '';
}
