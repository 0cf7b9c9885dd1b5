import type { Choice } from '../text/choice';
import { h, setText } from './element';

/** A control under its label, with room for what is wrong with its value. */
export interface Field {
  readonly element: HTMLElement;
  /** Says what is wrong; an empty text says that nothing is. */
  readonly complain: (problem: string) => void;
}

/** Puts a label over a control. `id` becomes the control's. */
export function field(
  id: string,
  label: string,
  control: HTMLInputElement | HTMLSelectElement,
  hint = '',
): Field {
  control.id = id;
  const error = h('span', { id: `${id}-error`, class: 'field-error' });
  const note = hint === '' ? null : h('span', { id: `${id}-hint`, class: 'hint field-hint' }, hint);
  control.setAttribute('aria-describedby', note === null ? error.id : `${note.id} ${error.id}`);
  return {
    element: h(
      'div',
      { class: 'field' },
      h('label', { attributes: { for: id } }, label),
      control,
      note,
      error,
    ),
    complain: (problem) => {
      setText(error, problem);
      control.setAttribute('aria-invalid', String(problem !== ''));
    },
  };
}

/** Fills a native select, keeping it as it is where the choices have not changed. */
export function setChoices(select: HTMLSelectElement, choices: readonly Choice[], value: string): void {
  const same =
    select.options.length === choices.length &&
    choices.every(([key, label], at) => {
      const option = select.options[at]!;
      return option.value === key && option.text === label;
    });
  if (!same) {
    select.replaceChildren(
      ...choices.map(([key, label]) => h('option', { attributes: { value: key } }, label)),
    );
  }
  select.value = value;
}

interface NumberOptions {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Shown while the field is empty; a field with one may be left empty, which is null. */
  readonly whenEmpty?: string;
  readonly onChange: (value: number | null) => void;
}

/** A number field that passes on what is typed once it is left or Enter is pressed, and complains of what does not fit. */
export class NumberField implements Field {
  readonly element: HTMLElement;
  readonly complain: (problem: string) => void;
  private readonly input: HTMLInputElement;
  private readonly options: NumberOptions;
  private value: number | null = null;

  constructor(id: string, label: string, options: NumberOptions, hint = '') {
    this.options = options;
    this.input = h('input', {
      attributes: {
        type: 'number',
        min: String(options.min),
        max: String(options.max),
        step: options.whole ? '1' : 'any',
        inputmode: options.whole ? 'numeric' : 'decimal',
        placeholder: options.whenEmpty ?? '',
      },
    });
    const built = field(id, label, this.input, hint);
    this.element = built.element;
    this.complain = built.complain;
    this.input.addEventListener('change', () => {
      this.commit();
    });
  }

  /** Shows a value, unless someone is typing another. */
  set(value: number | null): void {
    if (document.activeElement === this.input && value === this.value) return;
    this.value = value;
    this.input.value = value === null ? '' : String(value);
    this.complain('');
  }

  private commit(): void {
    const { min, max, whole, whenEmpty, onChange } = this.options;
    const empty = this.input.value.trim() === '' && !this.input.validity.badInput;
    const value = empty ? null : this.input.valueAsNumber;
    const fits =
      value === null
        ? whenEmpty !== undefined
        : Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value));
    this.complain(
      fits ? '' : `Enter a ${whole ? 'whole ' : ''}number from ${min} to ${max.toLocaleString('en-US')}.`,
    );
    if (!fits || value === this.value) return;
    this.value = value;
    onChange(value);
  }
}

/** A checkbox with its label beside it. */
export class Checkbox {
  readonly element: HTMLElement;
  private readonly input: HTMLInputElement;

  constructor(label: string, onChange: (checked: boolean) => void) {
    this.input = h('input', { attributes: { type: 'checkbox' } });
    this.input.addEventListener('change', () => {
      onChange(this.input.checked);
    });
    this.element = h('label', { class: 'checkbox' }, this.input, label);
  }

  set(checked: boolean): void {
    this.input.checked = checked;
  }
}
