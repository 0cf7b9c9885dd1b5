import type { AttackKind } from '../../src/protocol/attack';
import { button } from '../dom/button';
import { h } from '../dom/element';
import { field, setChoices } from '../dom/field';
import { ATTACK_FORMS } from './attack-forms';

const KINDS = Object.keys(ATTACK_FORMS) as AttackKind[];

/** The line that adds a trigger of a chosen kind. */
export function addAttackLine(onAdd: (kind: AttackKind) => void): HTMLElement {
  const kind = h('select');
  const kindField = field('attack-kind', 'Trigger', kind);
  setChoices(
    kind,
    KINDS.map((name) => [name, ATTACK_FORMS[name].title] as const),
    'badnets',
  );
  return h(
    'div',
    { class: 'actions add-line' },
    kindField.element,
    button({
      label: 'Add trigger',
      icon: 'add',
      secondary: true,
      onPress: () => {
        onAdd(kind.value as AttackKind);
      },
    }),
  );
}
