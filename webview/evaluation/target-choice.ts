import type { DataDescription } from '../../src/protocol/evaluation';
import { ALL_TO_ALL, type Target } from '../../src/protocol/target';
import { visible } from '../../src/protocol/wording';
import { h } from '../dom/element';
import { field, NumberField, setChoices } from '../dom/field';
import type { Choice } from '../text/choice';

const NO_TARGET = '';
const HINT = 'Where the trigger is meant to send images.';

/** Chooses the class that triggers are meant to lead to: by name where classes are known, else by number. */
export class TargetChoice {
  readonly element: HTMLElement;
  private readonly select = h('select');
  private readonly byName = field('target', 'Target class', this.select, HINT);
  private readonly byNumber: NumberField;

  constructor(onChange: (target: Target | null) => void) {
    this.select.addEventListener('change', () => {
      const { value } = this.select;
      onChange(value === NO_TARGET ? null : value === ALL_TO_ALL ? ALL_TO_ALL : Number(value));
    });
    this.byNumber = new NumberField(
      'target-number',
      'Target class number',
      { min: 0, max: 1_000_000, whole: true, whenEmpty: 'not chosen', onChange },
      HINT,
    );
    this.element = h('div', { class: 'form-fields' }, this.byName.element, this.byNumber.element);
  }

  update(description: DataDescription | null, target: Target | null): void {
    const names =
      description?.classes?.map(({ name }, index) => `${index}: ${visible(name, 60)}`) ??
      Array.from({ length: description?.modelClasses ?? 0 }, (_, index) => `Class ${index}`);
    const choices: Choice[] = names.map((name, index) => [String(index), name] as const);
    if (typeof target === 'number' && target >= names.length)
      choices.push([String(target), `${target}: no such class`]);
    setChoices(
      this.select,
      [[NO_TARGET, 'Choose…'], ...choices, [ALL_TO_ALL, 'All-to-all: each class to the next']],
      target === null ? NO_TARGET : String(target),
    );
    this.byNumber.set(target === ALL_TO_ALL ? null : target);
    this.byName.element.hidden = names.length === 0;
    this.byNumber.element.hidden = names.length > 0;
  }
}
