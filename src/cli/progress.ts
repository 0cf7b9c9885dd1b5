import type { Progress } from '../protocol/engine';
import { durationInWords } from '../protocol/duration';
import { visible } from '../protocol/wording';

const WIDTH = 24;
const PLAIN_EVERY_MS = 5000;

/** Progress on standard error: a bar that redraws itself on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  private readonly stream: NodeJS.WriteStream;
  private readonly started = performance.now();
  private shownAt = 0;
  private drawn = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  show({ message, fraction, secondsLeft }: Progress): void {
    const now = performance.now();
    const left = secondsLeft ?? this.estimated(fraction, now);
    const text = `${visible(message, 200)}${left === null ? '' : ` (${durationInWords(left)} left)`}`;
    if (this.stream.isTTY) {
      const filled = Math.round((fraction ?? 0) * WIDTH);
      const line = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${text}`;
      this.stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, this.stream.columns) - 1)}`);
      this.drawn = true;
    } else if (now - Math.max(this.shownAt, this.started) >= PLAIN_EVERY_MS) {
      this.shownAt = now;
      this.stream.write(`${fraction === null ? '' : `${Math.round(fraction * 100)} % `}${text}\n`);
    }
  }

  /** Removes the bar, so that what follows starts on an empty line. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\u001b[2K');
    this.drawn = false;
  }

  private estimated(fraction: number | null, now: number): number | null {
    const elapsed = (now - this.started) / 1000;
    if (fraction === null || fraction < 0.05 || elapsed < 2) return null;
    return (elapsed * (1 - fraction)) / fraction;
  }
}
