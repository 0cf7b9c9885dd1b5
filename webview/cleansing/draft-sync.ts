import type { CleansingPlan } from '../../src/protocol/cleansing-panel';
import { sameStart, type Draft } from './draft';

/** What the draft of a plan is; null until the host knows the model's layers. */
export function draftOf({ ratios, preset, clpU }: CleansingPlan): Draft | null {
  return ratios === null ? null : { ratios, preset, clpU };
}

function same(a: Draft, b: Draft): boolean {
  return a.preset === b.preset && sameStart(a, b);
}

/**
 * Tells news of the host (a file was loaded, a run's ratios taken over) from the echo of what the panel sent: while a
 * slider moves, plans come back that are older than what it shows.
 */
export class DraftSync {
  /** What the host is known to hold. */
  private held: Draft | null = null;
  /** Sent, and not yet come back. */
  private readonly sent: Draft[] = [];

  /** True where the host does not hold this draft already: it is then taken as sent. */
  sends(draft: Draft): boolean {
    const last = this.sent.at(-1) ?? this.held;
    if (last !== null && same(draft, last)) return false;
    this.sent.push(draft);
    return true;
  }

  /** What a plan says that the panel did not know; null for an echo. */
  received(plan: CleansingPlan): Draft | null {
    const draft = draftOf(plan);
    if (draft === null) return null;
    if (this.held !== null && same(draft, this.held)) return null;
    const echo = this.sent.findIndex((each) => same(each, draft));
    this.held = draft;
    this.sent.splice(0, echo === -1 ? this.sent.length : echo + 1);
    return echo === -1 ? draft : null;
  }
}
