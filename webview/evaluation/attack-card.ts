import * as v from 'valibot';
import { AttackSchema, type Attack } from '../../src/protocol/attack';
import type { PlannedAttack } from '../../src/protocol/evaluation-panel';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { h, icon, setText } from '../dom/element';
import { field, NumberField, setChoices } from '../dom/field';
import { nameOf } from '../dom/name';
import { debounce } from '../dom/schedule';
import { ATTACK_FORMS, parameter, type FieldSpec, type FileSpec } from './attack-forms';
import type { EvaluationState, Post } from './state';
import { TriggerPreviewView } from './trigger-preview';

/** Milliseconds of rest after an edit before a preview that is shown is made again. */
const REST = 500;

type Refresh = (attack: Attack) => void;

/** One trigger: its parameters, and what it looks like. */
export class AttackCard {
  readonly element: HTMLElement;
  readonly id: number;
  private attack: Attack;
  private readonly post: Post;
  private readonly refresh: Refresh[] = [];
  private readonly show: ReturnType<typeof button>;
  private readonly why: HTMLElement;
  private readonly preview: TriggerPreviewView;
  /** The attack as it was when its preview was last asked for. */
  private previewed: Attack | null = null;
  private readonly previewLater = debounce<null>(() => {
    this.ask();
  }, REST);

  constructor(planned: PlannedAttack, announcer: Announcer, post: Post) {
    this.id = planned.id;
    this.attack = planned.attack;
    this.post = post;
    const { title, about, fields } = ATTACK_FORMS[planned.attack.kind];
    const headingId = `attack-${planned.id}`;
    const remove = h(
      'button',
      {
        class: 'icon-button',
        title: 'Remove this trigger',
        attributes: { type: 'button', 'aria-label': `Remove ${title}` },
      },
      icon('close'),
    );
    remove.addEventListener('click', () => {
      post({ kind: 'removeAttack', id: planned.id });
    });
    this.why = h('span', { id: `${headingId}-why`, class: 'hint' });
    this.show = button({
      label: 'Show on images',
      icon: 'eye',
      secondary: true,
      describedBy: this.why.id,
      onPress: () => {
        this.ask();
      },
    });
    this.preview = new TriggerPreviewView(
      announcer,
      (x, y) => {
        if (this.attack.kind === 'patch') this.edit({ ...this.attack, x, y });
      },
      () => {
        post({ kind: 'cancel', job: 'trigger' });
      },
      () => {
        this.ask();
      },
    );
    this.element = h(
      'article',
      { class: 'card attack-card', attributes: { 'aria-labelledby': headingId } },
      h('div', { class: 'card-head' }, h('h3', { id: headingId }, title), remove),
      h('p', { class: 'hint' }, about),
      h('div', { class: 'form-fields' }, ...fields.map((spec) => this.field(spec))),
      h('div', { class: 'actions' }, this.show, this.why),
      this.preview.element,
    );
    this.set(planned.attack);
  }

  /** Asks for a preview. */
  ask(): void {
    this.previewed = this.attack;
    this.post({ kind: 'previewTrigger', id: this.id });
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const planned = state.plan?.attacks.find(({ id }) => id === this.id);
    const mine = state.triggerId === this.id;
    if (planned !== undefined && planned.attack !== this.attack) {
      const changed = JSON.stringify(planned.attack) !== JSON.stringify(this.attack);
      this.set(planned.attack);
      if (changed && mine && this.preview.isShown) this.previewLater(null);
    }
    const why = !state.trusted
      ? 'Disabled: the workspace is not trusted.'
      : state.plan?.data === null
        ? 'Choose the images first.'
        : '';
    setText(this.why, why);
    setEnabled(this.show, why === '');
    const wasMine = before?.triggerId === this.id;
    if (mine && (state.trigger !== before?.trigger || !wasMine)) {
      this.preview.update(state.trigger, this.previewed ?? this.attack, this.attack);
    } else if (!mine && (wasMine || before === null)) this.preview.update(null, this.attack, this.attack);
  }

  private set(attack: Attack): void {
    this.attack = attack;
    for (const show of this.refresh) show(attack);
  }

  private field(spec: FieldSpec): HTMLElement {
    const id = `attack-${this.id}-${spec.name}`;
    switch (spec.kind) {
      case 'number': {
        const number = new NumberField(
          id,
          spec.label,
          {
            ...spec,
            onChange: (value) => {
              number.complain(this.edit({ ...this.attack, [spec.name]: value }));
            },
          },
          spec.hint,
        );
        this.refresh.push((attack) => {
          const value = parameter(attack, spec.name);
          number.set(typeof value === 'number' ? value : null);
        });
        return number.element;
      }
      case 'choice': {
        const select = h('select');
        const built = field(id, spec.label, select);
        select.addEventListener('change', () => {
          built.complain(this.edit({ ...this.attack, [spec.name]: select.value }));
        });
        this.refresh.push((attack) => {
          setChoices(select, spec.choices, String(parameter(attack, spec.name)));
        });
        return built.element;
      }
      case 'file':
        return this.file(spec);
    }
  }

  private file({ name, label, without }: FileSpec): HTMLElement {
    const value = h('span', { class: 'path' });
    const action = (text: string, onPress: () => void): HTMLButtonElement => {
      const link = h(
        'button',
        { class: 'link', attributes: { type: 'button', 'aria-label': `${text}: ${label}` } },
        text,
      );
      link.addEventListener('click', onPress);
      return link;
    };
    const choose = action('Choose…', () => {
      this.post({ kind: 'chooseAttackFile', id: this.id, field: name });
    });
    const without_ = action(`Use ${without ?? ''}`, () => {
      this.edit({ ...this.attack, [name]: null });
    });
    this.refresh.push((attack) => {
      const chosen = parameter(attack, name);
      value.replaceChildren(chosen === null ? (without ?? 'none') : nameOf(String(chosen)));
      value.title = chosen === null ? '' : visible(String(chosen));
      without_.hidden = chosen === null || without === null;
    });
    return h(
      'div',
      { class: 'field field-file' },
      h('span', { class: 'field-label' }, label),
      value,
      h('span', { class: 'links' }, choose, without_),
    );
  }

  /** Passes an edit on where it is valid; says what is wrong with it otherwise. */
  private edit(edited: unknown): string {
    const parsed = v.safeParse(AttackSchema, edited);
    if (!parsed.success) return parsed.issues[0].message;
    this.post({ kind: 'editAttack', id: this.id, attack: parsed.output });
    return '';
  }
}
