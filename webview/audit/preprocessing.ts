import type { PreprocessingOptions } from '../../src/protocol/preprocessing';
import { button } from '../dom/button';
import { h, setText } from '../dom/element';
import { fold } from '../dom/fold';
import {
  fieldsOf,
  parsePreprocessing,
  type Field,
  type PreprocessingFields,
} from '../text/preprocessing-form';

type Control = HTMLInputElement | HTMLSelectElement;
const LABELS: Readonly<Record<Field, string>> = {
  height: 'Height',
  width: 'Width',
  crop: 'Centre crop',
  layout: 'Layout',
  channels: 'Channels',
  mean: 'Mean',
  std: 'Std',
};
const CHOICES: Readonly<Partial<Record<Field, readonly (readonly [string, string])[]>>> = {
  layout: [
    ['nchw', 'N × C × H × W'],
    ['nhwc', 'N × H × W × C'],
  ],
  channels: [
    ['rgb', 'RGB'],
    ['bgr', 'BGR'],
    ['grey', 'Grey'],
  ],
};
const EXAMPLES: Readonly<Partial<Record<Field, string>>> = {
  mean: '0.485, 0.456, 0.406',
  std: '0.229, 0.224, 0.225',
};

/** How images become the model's input: a small form. An empty field is left to the model and the files beside it. */
export class PreprocessingForm {
  readonly element: HTMLElement;
  private readonly controls = new Map<Field, Control>();
  private readonly errors = new Map<Field, HTMLElement>();
  private readonly state = h('span', { class: 'hint', attributes: { role: 'status' } });
  /** True from the first edit until the form is applied: what the host sends does not overwrite typing. */
  private edited = false;
  private readonly applied: string;

  /** @param applied said once the form has been applied */
  constructor(onApply: (options: PreprocessingOptions) => void, applied = 'Applied to the next preview.') {
    this.applied = applied;
    const fields = (Object.keys(LABELS) as Field[]).map((field) => this.field(field));
    const form = h(
      'form',
      { class: 'form', attributes: { novalidate: '' } },
      h('div', { class: 'form-fields' }, ...fields),
      h(
        'div',
        { class: 'actions' },
        button({
          label: 'Apply preprocessing',
          secondary: true,
          onPress: () => {
            this.apply(onApply);
          },
        }),
        this.state,
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.apply(onApply);
    });
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
        event.preventDefault();
        this.apply(onApply);
      }
    });
    form.addEventListener('input', () => {
      this.edited = true;
      setText(this.state, '');
    });
    this.element = fold(
      'Preprocessing',
      h(
        'p',
        { class: 'hint' },
        'Mean and std are of images scaled to 0…1. Empty fields are read from the model and from a preprocessor_config.json beside it.',
      ),
      form,
    );
  }

  update(options: PreprocessingOptions): void {
    if (this.edited) return;
    const fields = fieldsOf(options);
    for (const [field, control] of this.controls) control.value = fields[field];
  }

  private field(field: Field): HTMLElement {
    const id = `preprocessing-${field}`;
    const choices = CHOICES[field];
    const control =
      choices === undefined ? h('input', { id, attributes: { type: 'text' } }) : h('select', { id });
    if (choices !== undefined) {
      control.append(h('option', { attributes: { value: '' } }, 'From the model'));
      for (const [value, label] of choices) control.append(h('option', { attributes: { value } }, label));
    } else {
      control.setAttribute('placeholder', EXAMPLES[field] ?? 'automatic');
      control.setAttribute('autocomplete', 'off');
    }
    const error = h('span', { id: `${id}-error`, class: 'field-error' });
    control.setAttribute('aria-describedby', error.id);
    this.controls.set(field, control);
    this.errors.set(field, error);
    return h(
      'div',
      { class: `field field-${field}` },
      h('label', { attributes: { for: id } }, LABELS[field]),
      control,
      error,
    );
  }

  private apply(onApply: (options: PreprocessingOptions) => void): void {
    const value = (field: Field): string => this.controls.get(field)?.value ?? '';
    const typed: PreprocessingFields = {
      height: value('height'),
      width: value('width'),
      crop: value('crop'),
      layout: value('layout'),
      channels: value('channels'),
      mean: value('mean'),
      std: value('std'),
    };
    const parsed = parsePreprocessing(typed);
    for (const [field, control] of this.controls) {
      const error = parsed.ok ? undefined : parsed.errors.get(field);
      setText(this.errors.get(field)!, error ?? '');
      control.setAttribute('aria-invalid', String(error !== undefined));
    }
    if (!parsed.ok) {
      const [first] = parsed.errors.keys();
      if (first !== undefined) this.controls.get(first)?.focus();
      return;
    }
    this.edited = false;
    setText(this.state, this.applied);
    onApply(parsed.options);
  }
}
