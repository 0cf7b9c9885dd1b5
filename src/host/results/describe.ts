import { count } from '../../protocol/wording';
import type { Outcome } from './entry';

/** One line that says how a scan ended. Never a verdict: a model without outliers may carry a backdoor. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'failed':
      return 'failed';
    case 'not-applicable':
      return withParent('not applicable', outcome.exportedFrom);
    case 'scored': {
      const { outliers, u, exportedFrom } = outcome;
      return withParent(`${count(outliers, 'outlier')} at u = ${u}`, exportedFrom);
    }
  }
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

function withParent(text: string, parent: string | undefined): string {
  return parent === undefined ? text : `${text}, exported from ${parent}`;
}
