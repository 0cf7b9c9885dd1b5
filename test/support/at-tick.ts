import { JobContext } from '../../src/engine/job-context';

/** A context whose `stop` aborts at the nth tick with a message that matches, however quickly they come. */
export class ContextAtTick extends JobContext {
  private left: number;
  private readonly message: RegExp;
  private readonly stop: () => void;

  constructor(signal: AbortSignal, message: RegExp, nth: number, stop: () => void) {
    super(signal, () => undefined);
    this.message = message;
    this.left = nth;
    this.stop = stop;
  }

  /** A job that is cancelled at that tick. */
  static cancelled(message: RegExp, nth: number): ContextAtTick {
    const abort = new AbortController();
    return new ContextAtTick(abort.signal, message, nth, () => abort.abort());
  }

  /** True once the tick has come. */
  get reached(): boolean {
    return this.left <= 0;
  }

  override tick(message: string, fraction: number | null, secondsLeft?: number | null): Promise<void> {
    if (this.message.test(message) && --this.left === 0) this.stop();
    return super.tick(message, fraction, secondsLeft);
  }

  override within(): JobContext {
    return this;
  }
}
