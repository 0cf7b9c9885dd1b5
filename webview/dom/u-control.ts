import { DEFAULT_U } from '../../src/protocol/threshold';
import { formatU } from '../text/format';
import { h, setText } from './element';

const SLIDER_MAX = 10;
/** What the protocol takes. */
const LARGEST = 100;

/** The slider and the number field for u, linked. */
export class UControl {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly field: HTMLInputElement;
  private readonly error: HTMLElement;
  private readonly reset: HTMLButtonElement;

  constructor(onChange: (u: number) => void) {
    this.slider = h('input', {
      id: 'u-slider',
      attributes: {
        type: 'range',
        min: '0',
        max: String(SLIDER_MAX),
        step: '0.1',
        'aria-label': 'u, by slider',
      },
    });
    this.field = h('input', {
      id: 'u-field',
      attributes: {
        type: 'number',
        min: '0',
        max: String(LARGEST),
        step: '0.1',
        inputmode: 'decimal',
        'aria-describedby': 'u-error',
      },
    });
    this.error = h('span', { id: 'u-error', class: 'field-error' });
    this.reset = h(
      'button',
      { class: 'link', attributes: { type: 'button' } },
      `Reset to ${formatU(DEFAULT_U)}`,
    );
    this.slider.addEventListener('input', () => {
      onChange(this.slider.valueAsNumber);
    });
    this.field.addEventListener('input', () => {
      const u = this.field.valueAsNumber;
      const valid = Number.isFinite(u) && u >= 0 && u <= LARGEST;
      this.field.setAttribute('aria-invalid', String(!valid));
      setText(this.error, valid ? '' : `Enter a number from 0 to ${LARGEST}.`);
      if (valid) onChange(u);
    });
    this.reset.addEventListener('click', () => {
      onChange(DEFAULT_U);
      this.slider.focus();
    });
    this.element = h(
      'div',
      { class: 'u-control' },
      h(
        'label',
        {
          attributes: { for: 'u-field' },
          title: 'A channel is flagged where its UCLC exceeds mean + u · std of its layer',
        },
        'Threshold u',
      ),
      this.slider,
      this.field,
      this.reset,
      this.error,
    );
  }

  update(u: number): void {
    this.slider.value = String(u);
    this.slider.style.setProperty('--fill', `${(100 * Math.min(u, SLIDER_MAX)) / SLIDER_MAX}%`);
    this.slider.setAttribute('aria-valuetext', `u = ${formatU(u)}`);
    // While someone types, the field is theirs: `2.` must not become `2`.
    if (document.activeElement !== this.field || this.field.valueAsNumber !== u) {
      const editing =
        document.activeElement === this.field && this.field.getAttribute('aria-invalid') === 'true';
      if (!editing) this.field.value = String(Number(u.toFixed(4)));
    }
    this.reset.hidden = u === DEFAULT_U;
  }
}
