import { visible } from '../../src/protocol/wording';
import { h } from './element';

/** A name from a file: inert, its direction isolated from the text around it, hidden characters spelled out. */
export function nameOf(text: string): HTMLElement {
  return h('bdi', { class: 'name', attributes: { dir: 'auto' } }, visible(text));
}
