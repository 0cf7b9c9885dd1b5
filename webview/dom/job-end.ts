import { visible } from '../../src/protocol/wording';
import type { Announcer } from './announcer';
import { fill, h } from './element';
import { notice } from './notice';

/** How a job ended that has no result. */
export type Unfinished =
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: { readonly message: string } };

/**
 * Shows in `outcome`, and says, that a job was cancelled or failed, and why. `job` is a noun such as "preview", `kept`
 * what is left of a cancelled one, as the end of a sentence.
 */
export function showUnfinished(
  outcome: HTMLElement,
  announcer: Announcer,
  topic: string,
  job: string,
  end: Unfinished,
  kept = '',
): void {
  if (end.state === 'cancelled') {
    const text = `The ${job} was cancelled${kept}.`;
    fill(outcome, notice('note', h('p', {}, text)));
    announcer.say(topic, text);
    return;
  }
  const [text, message] = [`The ${job} failed. `, visible(end.error.message)];
  fill(outcome, notice('error', h('p', {}, h('strong', {}, text), message)));
  announcer.say(topic, text + message);
}
