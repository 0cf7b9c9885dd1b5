import { h, setText } from './element';

/**
 * Tells screen readers what changed, politely. Announcements of one topic replace each other while they wait, and at
 * least `INTERVAL` lies between two, so that a moving slider or a running scan does not talk without end.
 */
export class Announcer {
  readonly element = h('div', {
    class: 'visually-hidden',
    attributes: { role: 'status', 'aria-live': 'polite' },
  });
  private readonly waiting = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  say(topic: string, text: string): void {
    this.waiting.set(topic, text);
    this.timer ??= setTimeout(() => {
      this.next();
    }, FIRST);
  }

  private next(): void {
    const [first] = this.waiting;
    if (first === undefined) {
      this.timer = null;
      return;
    }
    const [topic, text] = first;
    this.waiting.delete(topic);
    setText(this.element, text);
    this.timer = setTimeout(() => {
      this.next();
    }, INTERVAL);
  }
}

/** Milliseconds before the first announcement: later news of the same topic replaces it. */
const FIRST = 400;
const INTERVAL = 1500;
