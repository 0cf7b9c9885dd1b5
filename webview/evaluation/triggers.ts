import type { AttackKind } from '../../src/protocol/attack';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { h, setText } from '../dom/element';
import { field, NumberField, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import type { Choice } from '../text/choice';
import { plural } from '../text/format';
import { AttackCard } from './attack-card';
import { ATTACK_FORMS } from './attack-forms';
import { descriptionOf, type EvaluationState, type Part, type Post } from './state';

const KINDS = Object.keys(ATTACK_FORMS) as AttackKind[];
const NO_TARGET = '';

/** The triggers that are tried, and the class that they are meant to lead to. */
export class Triggers implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly cards = new Map<number, AttackCard>();
  private readonly list = h('div', { class: 'attack-list' });
  private readonly none = h(
    'p',
    { class: 'hint' },
    'Without a trigger, only accuracy is measured. Add the one that you suspect, or images that carry one.',
  );
  private readonly target = h('select');
  private readonly targetField = field(
    'target',
    'Target class',
    this.target,
    'Where the trigger is meant to send images.',
  );
  private readonly targetNumber: NumberField;
  private known = false;

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    this.target.addEventListener('change', () => {
      const { value } = this.target;
      post({ kind: 'edit', change: { target: value === NO_TARGET ? null : Number(value) } });
    });
    this.targetNumber = new NumberField(
      'target-number',
      'Target class number',
      {
        min: 0,
        max: 1_000_000,
        whole: true,
        whenEmpty: 'not chosen',
        onChange: (target) => {
          post({ kind: 'edit', change: { target } });
        },
      },
      'Where the trigger is meant to send images.',
    );
    const kind = h('select');
    const kindField = field('attack-kind', 'Trigger', kind);
    setChoices(
      kind,
      KINDS.map((name) => [name, ATTACK_FORMS[name].title] as const),
      'badnets',
    );
    this.section = section(
      { id: 'triggers', heading: 'Triggers', memory },
      h('div', { class: 'form-fields' }, this.targetField.element, this.targetNumber.element),
      this.none,
      this.list,
      h(
        'div',
        { class: 'actions add-line' },
        kindField.element,
        button({
          label: 'Add trigger',
          icon: 'add',
          secondary: true,
          onPress: () => {
            post({ kind: 'addAttack', attack: kind.value as AttackKind });
          },
        }),
      ),
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { plan } = state;
    if (plan === null) return;
    if (plan !== before?.plan || state.description !== before.description) this.showTarget(state);
    const ids = new Set(plan.attacks.map(({ id }) => id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    for (const planned of plan.attacks) {
      const known = this.cards.get(planned.id);
      const card = known ?? new AttackCard(planned, this.announcer, this.post);
      card.update(state, known === undefined ? null : before);
      if (known !== undefined) continue;
      this.cards.set(planned.id, card);
      this.list.append(card.element);
      // A patch is placed on a preview, so one that has just been added asks for it.
      if (this.known && planned.attack.kind === 'patch' && state.trusted && plan.data !== null) card.ask();
    }
    this.known = true;
    this.none.hidden = plan.attacks.length > 0;
    setText(this.section.aside, plan.attacks.length === 0 ? '' : plural(plan.attacks.length, 'trigger'));
  }

  private showTarget(state: EvaluationState): void {
    const description = descriptionOf(state);
    const target = state.plan?.target ?? null;
    const names =
      description?.classes?.map(({ name }, index) => `${index}: ${visible(name, 60)}`) ??
      Array.from({ length: description?.modelClasses ?? 0 }, (_, index) => `Class ${index}`);
    const choices: Choice[] = names.map((name, index) => [String(index), name] as const);
    if (target !== null && target >= names.length) choices.push([String(target), `${target}: no such class`]);
    setChoices(
      this.target,
      [[NO_TARGET, 'Choose…'], ...choices],
      target === null ? NO_TARGET : String(target),
    );
    this.targetNumber.set(target);
    this.targetField.element.hidden = names.length === 0;
    this.targetNumber.element.hidden = names.length > 0;
  }
}
