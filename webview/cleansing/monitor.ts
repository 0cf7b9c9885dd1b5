import { AttackFields } from '../evaluation/attack-fields';
import { addAttackLine } from '../evaluation/add-attack';
import { TargetChoice } from '../evaluation/target-choice';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { h, setText } from '../dom/element';
import { NumberField } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { ImageSet, imagesFound } from '../images/image-set';
import { plural } from '../text/format';
import type { Part } from './part';
import type { CleansingState, Post } from './state';

/** What the student is watched on while it trains: labelled images, and triggers where one is suspected. */
export class Monitor implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly post: Post;
  private readonly set: ImageSet;
  private readonly forget: HTMLElement;
  private readonly chosen: HTMLElement;
  private readonly limit: NumberField;
  private readonly target: TargetChoice;
  private readonly list = h('div', { class: 'attack-list' });
  private readonly cards = new Map<number, AttackFields>();

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.post = post;
    this.forget = button({
      label: 'Do not watch',
      icon: 'close',
      secondary: true,
      onPress: () => {
        post({ kind: 'forgetMonitor' });
      },
    });
    this.set = new ImageSet({
      announcer,
      topic: 'monitor',
      none: 'Nothing is watched: loss and agreement are all that the curves will show.',
      unlabelled: 'These images have no labels, so accuracy cannot be watched.',
      onChoose: (what) => {
        post({ kind: 'chooseData', set: 'monitor', what });
      },
      onCancel: () => {
        post({ kind: 'cancel', job: 'monitor' });
      },
      onLook: () => {
        post({ kind: 'describeImages', set: 'monitor' });
      },
      actions: [this.forget],
    });
    this.limit = new NumberField('monitor-limit', 'At most this many images', {
      min: 1,
      max: 100_000_000,
      whole: true,
      onChange: (monitorLimit) => {
        if (monitorLimit !== null) post({ kind: 'edit', change: { monitorLimit } });
      },
    });
    this.target = new TargetChoice((target) => {
      post({ kind: 'edit', change: { target } });
    });
    this.chosen = h(
      'div',
      {},
      h('div', { class: 'form-fields' }, this.limit.element),
      this.target.element,
      this.list,
      addAttackLine((attack) => {
        post({ kind: 'addAttack', attack });
      }),
    );
    this.section = section(
      { id: 'monitor', heading: 'Watch accuracy and a trigger', memory, initiallyOpen: false },
      h(
        'p',
        {},
        'Where you have labelled images, accuracy (ACC) is measured after every epoch; with a trigger that you suspect, ' +
          'or images that carry one, so are its success (ASR) and robust accuracy (RA). Nothing is chosen or trained by them.',
      ),
      this.set.element,
      this.chosen,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    const { plan, images } = state;
    if (plan === null) return;
    if (images.monitor !== before?.images.monitor) this.set.show(images.monitor);
    const known = images.monitor.state === 'done' ? images.monitor.result : null;
    if (plan === before?.plan && images.monitor === before.images.monitor) return;
    this.set.showSource(plan.monitorData);
    this.forget.hidden = plan.monitorData === null;
    this.chosen.hidden = plan.monitorData === null;
    this.limit.set(plan.monitorLimit);
    this.target.update(known, plan.target);
    this.target.element.hidden = plan.attacks.length === 0;
    const ids = new Set(plan.attacks.map(({ id }) => id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    for (const planned of plan.attacks) {
      const card = this.cards.get(planned.id);
      if (card !== undefined) card.set(planned.attack);
      else {
        const added = new AttackFields(planned, this.post);
        this.cards.set(planned.id, added);
        this.list.append(added.element);
      }
    }
    const triggers = plan.attacks.length === 0 ? '' : `, ${plural(plan.attacks.length, 'trigger')}`;
    setText(
      this.section.aside,
      plan.monitorData === null || known === null ? '' : `${imagesFound(known)}${triggers}`,
    );
  }
}
