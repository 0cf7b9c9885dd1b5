/** Steps that are timed before anything is said; the one before them compiles the graph and is not. */
const TIMED = 3;
const MIN_SECONDS = 1;

/** How long the rest of a run takes, at the pace of what was done since its first step. */
export class Pace {
  /** Steps begun. */
  private steps = 0;
  private start = { at: 0, share: 0 };

  /** Counts a training step that begins when `share` of the run (0 … 1) is done. `now` in milliseconds. */
  step(share: number, now: number): void {
    this.steps++;
    if (this.steps === 2) this.start = { at: now, share };
  }

  /** Seconds left when `share` is done; null while too few steps were timed. */
  left(share: number, now: number): number | null {
    const seconds = (now - this.start.at) / 1000;
    const done = share - this.start.share;
    if (this.steps < 2 + TIMED || seconds < MIN_SECONDS || !(done > 0)) return null;
    return (seconds * (1 - share)) / done;
  }
}
