/** A function that runs `work` once before the next frame, however often it is called. */
export function oncePerFrame(work: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

export interface Debounced<T> {
  (value: T): void;
  /** True while a value waits. */
  readonly pending: () => boolean;
  /** Passes a waiting value on at once. */
  readonly flush: () => void;
}

/** Passes on the last value once none has come for `delay` milliseconds. */
export function debounce<T>(work: (value: T) => void, delay: number): Debounced<T> {
  let waiting: { value: T; timer: ReturnType<typeof setTimeout> } | null = null;
  const flush = (): void => {
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    const { value } = waiting;
    waiting = null;
    work(value);
  };
  const ask = (value: T): void => {
    if (waiting !== null) clearTimeout(waiting.timer);
    waiting = { value, timer: setTimeout(flush, delay) };
  };
  return Object.assign(ask, { pending: () => waiting !== null, flush });
}
