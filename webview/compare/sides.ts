import type { Audit } from '../../src/protocol/scan';
import { modelFacts } from '../audit/header';
import type { Announcer } from '../dom/announcer';
import { h } from '../dom/element';
import { nameOf } from '../dom/name';
import type { OpenMemory } from '../dom/fold';
import { baseName } from '../text/format';
import { visible } from '../../src/protocol/wording';

/** The two files side by side. A and B are how the rest of the panel calls them: names may be equal. */
export function sides(left: Audit, right: Audit, announcer: Announcer, memory: OpenMemory): HTMLElement {
  const same = left.report.model.sha256 === right.report.model.sha256;
  return h(
    'div',
    {},
    h('div', { class: 'sides' }, side('A', left, announcer, memory), side('B', right, announcer, memory)),
    same ? h('p', { class: 'hint' }, 'Both files have the same content.') : null,
  );
}

function side(letter: 'A' | 'B', { report }: Audit, announcer: Announcer, memory: OpenMemory): HTMLElement {
  const id = `side-${letter}`;
  const own: OpenMemory = {
    isOpen: (fold, initially) => memory.isOpen(`${id}-${fold}`, initially),
    setOpen: (fold, open) => {
      memory.setOpen(`${id}-${fold}`, open);
    },
  };
  return h(
    'section',
    { attributes: { 'aria-labelledby': id } },
    h(
      'h2',
      { id, class: 'side-heading' },
      h('span', { class: `side-mark side-mark-${letter}` }, letter),
      ' ',
      nameOf(baseName(report.model.path)),
    ),
    h('p', { class: 'path' }, visible(report.model.path)),
    ...modelFacts(report.model, announcer, own),
  );
}
