import { h } from '../dom/element';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import { plural } from '../text/format';
import { visible } from '../../src/protocol/wording';

const MOST = 50;

/** Files that were left out, and why, behind a line that counts them; null where there are none. */
export function skippedList(
  skipped: readonly { readonly path: string; readonly reason: string }[],
): HTMLElement | null {
  if (skipped.length === 0) return null;
  const items = skipped
    .slice(0, MOST)
    .map(({ path, reason }) => h('li', {}, nameOf(path), `: ${visible(reason)}`));
  const left = skipped.length - items.length;
  if (left > 0) items.push(h('li', {}, `and ${plural(left, 'more', 'more')}`));
  return fold(`${plural(skipped.length, 'file')} left out`, h('ul', { class: 'plain-list' }, ...items));
}
