/** Estimates are not given before this much time and work: they would jump about. */
const MIN_SECONDS = 1;
const MIN_FRACTION = 0.05;

/** Estimates the time that a job still needs from how its `fraction` (0…1) has moved. */
export class RemainingTime {
  private start = { at: 0, fraction: 0 };
  private last: number | null = null;

  /**
   * @param fraction of the work done, or null while its amount is unknown
   * @param now in milliseconds
   * @returns seconds left at the mean speed so far, or null while nothing can be said
   */
  update(fraction: number | null, now: number): number | null {
    if (fraction === null) return null;
    // A fraction that falls back belongs to a new stage of the job.
    if (this.last === null || fraction < this.last) this.start = { at: now, fraction };
    this.last = fraction;
    const seconds = (now - this.start.at) / 1000;
    const done = fraction - this.start.fraction;
    if (seconds < MIN_SECONDS || done < MIN_FRACTION) return null;
    return (seconds * Math.max(0, 1 - fraction)) / done;
  }
}
