/** Undo and redo of a value that never changes in place. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** The gesture that made the present (a slider that still moves); null once it has ended. */
  readonly gesture: string | null;
}

/** Steps that can be undone. */
const DEPTH = 200;

export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [], gesture: null };
}

/**
 * The history after an edit. All edits of one gesture are one step, and each starts from where the gesture began: a
 * slider that goes too far and comes back restores what it pushed aside.
 */
export function edited<T>(history: History<T>, gesture: string | null, edit: (base: T) => T): History<T> {
  const goesOn = gesture !== null && gesture === history.gesture && history.past.length > 0;
  const base = goesOn ? history.past.at(-1)! : history.present;
  const present = edit(base);
  if (!goesOn && present === base) return history;
  const past = goesOn ? history.past : [...history.past, base].slice(-DEPTH);
  return { past, present, future: [], gesture };
}

/** The next edit begins a step of its own. */
export function gestureEnded<T>(history: History<T>): History<T> {
  return history.gesture === null ? history : { ...history, gesture: null };
}

export function undone<T>({ past, present, future }: History<T>): History<T> | null {
  const before = past.at(-1);
  return before === undefined
    ? null
    : { past: past.slice(0, -1), present: before, future: [present, ...future], gesture: null };
}

export function redone<T>({ past, present, future }: History<T>): History<T> | null {
  const [next, ...rest] = future;
  return next === undefined ? null : { past: [...past, present], present: next, future: rest, gesture: null };
}
