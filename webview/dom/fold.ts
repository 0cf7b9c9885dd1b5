import { h, type Child } from './element';

/** Remembers what a user has opened and closed. */
export interface OpenMemory {
  isOpen(id: string, initially: boolean): boolean;
  setOpen(id: string, open: boolean): void;
}

/** Opens `details` as it was left, and remembers from then on what the user does with it. */
export function rememberOpen(
  details: HTMLDetailsElement,
  id: string,
  memory: OpenMemory,
  initially: boolean,
): void {
  details.open = memory.isOpen(id, initially);
  details.addEventListener('toggle', () => {
    // A toggle event also comes for the first opening, which is nobody's doing.
    if (details.open !== memory.isOpen(id, initially)) memory.setOpen(id, details.open);
  });
}

/** Content behind a line that opens it; closed at first. */
export function fold(heading: string, ...children: readonly Child[]): HTMLDetailsElement {
  return h('details', { class: 'fold' }, h('summary', {}, heading), ...children);
}
