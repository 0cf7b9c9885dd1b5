import { h, type Child } from './element';
import { rememberOpen, type OpenMemory } from './fold';

export interface Section {
  readonly element: HTMLElement;
  /** Where the section's content goes. */
  readonly body: HTMLElement;
  /** Stands after the heading: a count, a state. */
  readonly aside: HTMLElement;
  isOpen(): boolean;
  /** Opens it, brings it into view and puts the focus on its heading. */
  reveal(): void;
}

interface SectionOptions {
  readonly id: string;
  readonly heading: string;
  readonly memory: OpenMemory;
  readonly initiallyOpen?: boolean;
  readonly onOpen?: () => void;
}

/** A landmark with a heading that opens and closes it. */
export function section(options: SectionOptions, ...children: readonly Child[]): Section {
  const { id, memory } = options;
  const aside = h('span', { class: 'section-aside' });
  const summary = h('summary', {}, h('h2', { id: `${id}-heading` }, options.heading), aside);
  const body = h('div', { class: 'section-body' }, ...children);
  const details = h('details', { class: 'section' }, summary, body);
  rememberOpen(details, id, memory, options.initiallyOpen ?? true);
  details.addEventListener('toggle', () => {
    if (details.open) options.onOpen?.();
  });
  const element = h('section', { id, attributes: { 'aria-labelledby': `${id}-heading` } }, details);
  return {
    element,
    body,
    aside,
    isOpen: () => details.open,
    reveal: () => {
      details.open = true;
      element.scrollIntoView({ block: 'start' });
      summary.focus({ preventScroll: true });
    },
  };
}
