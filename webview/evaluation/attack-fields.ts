import * as v from 'valibot';
import { AttackSchema, type Attack, type AttackFile } from '../../src/protocol/attack';
import { visible } from '../../src/protocol/wording';
import { h, icon } from '../dom/element';
import { field, NumberField, setChoices } from '../dom/field';
import { nameOf } from '../dom/name';
import { ATTACK_FORMS, parameter, type FieldSpec, type FileSpec } from './attack-forms';

type Refresh = (attack: Attack) => void;
type FromForm =
  | { kind: 'editAttack'; id: number; attack: Attack }
  | { kind: 'chooseAttackFile'; id: number; field: AttackFile }
  | { kind: 'removeAttack'; id: number };

/** One trigger with its parameters, each checked before it is passed on. */
export class AttackFields {
  /** A card, to which more may be added. */
  readonly element: HTMLElement;
  readonly id: number;
  private current: Attack;
  private readonly post: (message: FromForm) => void;
  private readonly refresh: Refresh[] = [];

  constructor(planned: { readonly id: number; readonly attack: Attack }, post: (message: FromForm) => void) {
    this.id = planned.id;
    this.current = planned.attack;
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
    this.element = h(
      'article',
      { class: 'card attack-card', attributes: { 'aria-labelledby': headingId } },
      h('div', { class: 'card-head' }, h('h3', { id: headingId }, title), remove),
      h('p', { class: 'hint' }, about),
      h('div', { class: 'form-fields' }, ...fields.map((spec) => this.field(spec))),
    );
    this.set(planned.attack);
  }

  get attack(): Attack {
    return this.current;
  }

  set(attack: Attack): void {
    this.current = attack;
    for (const show of this.refresh) show(attack);
  }

  /** Passes an edit on where it is valid; says what is wrong with it otherwise. */
  edit(edited: unknown): string {
    const parsed = v.safeParse(AttackSchema, edited);
    if (!parsed.success) return parsed.issues[0].message;
    this.post({ kind: 'editAttack', id: this.id, attack: parsed.output });
    return '';
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
              number.complain(this.edit({ ...this.current, [spec.name]: value }));
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
          built.complain(this.edit({ ...this.current, [spec.name]: select.value }));
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
      this.edit({ ...this.current, [name]: null });
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
}
