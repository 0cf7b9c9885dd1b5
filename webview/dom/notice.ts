import type { Level } from '../../src/protocol/findings';
import { h, icon, type Child } from './element';

const ICONS: Readonly<Record<Level, string>> = { note: 'info', warning: 'warning', error: 'error' };
const WORDS: Readonly<Record<Level, string>> = { note: 'Note', warning: 'Warning', error: 'Error' };

/** The level of a finding as icon and word: never by colour alone. */
export function levelMark(level: Level): HTMLElement {
  return h('span', { class: `level level-${level}` }, icon(ICONS[level]), WORDS[level]);
}

/** A boxed message with the icon of its level. */
export function notice(level: Level, ...children: readonly Child[]): HTMLElement {
  return h(
    'div',
    { class: `notice notice-${level}` },
    h(
      'span',
      { class: `level level-${level}` },
      icon(ICONS[level]),
      h('span', { class: 'visually-hidden' }, `${WORDS[level]}: `),
    ),
    h('div', { class: 'notice-body' }, ...children),
  );
}
