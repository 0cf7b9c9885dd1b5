import type { StepPoint } from '../../protocol/cleansing';

/** A panel draws no more points than this. */
const MOST = 4000;

/** The steps of one run as they come; where they are too many, every second one is dropped. */
export class StepTrail {
  private kept: StepPoint[] = [];
  private every = 1;

  get points(): readonly StepPoint[] {
    return this.kept;
  }

  clear(): void {
    this.kept = [];
    this.every = 1;
  }

  /** Returns true where the point was kept. */
  add(point: StepPoint): boolean {
    if (point.step % this.every !== 0) return false;
    this.kept.push(point);
    if (this.kept.length > MOST) {
      this.every *= 2;
      this.kept = this.kept.filter(({ step }) => step % this.every === 0);
    }
    return true;
  }
}
