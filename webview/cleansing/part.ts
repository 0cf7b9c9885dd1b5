import type { CleansingState } from './state';

/** One part of the page. */
export interface Part {
  readonly element: HTMLElement;
  /** Shows `state`; `before` is what was shown last, so that what did not change is left alone. */
  update(state: CleansingState, before: CleansingState | null): void;
}
