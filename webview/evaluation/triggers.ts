import type { Announcer } from '../dom/announcer';
import { h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { plural } from '../text/format';
import { addAttackLine } from './add-attack';
import { AttackCard } from './attack-card';
import { descriptionOf, type EvaluationState, type Part, type Post } from './state';
import { TargetChoice } from './target-choice';

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
  private readonly target: TargetChoice;
  private known = false;

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    this.target = new TargetChoice((target) => {
      post({ kind: 'edit', change: { target } });
    });
    this.section = section(
      { id: 'triggers', heading: 'Triggers', memory },
      this.target.element,
      this.none,
      this.list,
      addAttackLine((attack) => {
        post({ kind: 'addAttack', attack });
      }),
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { plan } = state;
    if (plan === null) return;
    if (plan !== before?.plan || state.description !== before.description)
      this.target.update(descriptionOf(state), plan.target);
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
}
