import { h } from '../dom/element';

/** A ratio as text: exact enough to be typed back, short enough for a column. */
export function formatRatio(ratio: number): string {
  return String(Number(ratio.toFixed(4)));
}

interface Options {
  readonly id: string;
  /** What the ratio is of, for screen readers. */
  readonly name: string;
  /** While the slider moves. */
  readonly onInput: (ratio: number) => void;
  /** Once it has come to rest. */
  readonly onRest: () => void;
}

/** A ratio from 0 to 1 as a slider and a number, linked. */
export class RatioControl {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly field: HTMLInputElement;
  private shown: number | null | undefined;

  constructor(options: Options) {
    this.slider = h('input', {
      id: `${options.id}-slider`,
      attributes: {
        type: 'range',
        min: '0',
        max: '1',
        step: '0.01',
        'aria-label': `${options.name}, by slider`,
      },
    });
    this.field = h('input', {
      id: options.id,
      attributes: {
        type: 'number',
        min: '0',
        max: '1',
        step: '0.01',
        inputmode: 'decimal',
        'aria-label': options.name,
      },
    });
    this.slider.addEventListener('input', () => {
      options.onInput(this.slider.valueAsNumber);
    });
    this.slider.addEventListener('change', options.onRest);
    this.field.addEventListener('change', () => {
      const ratio = this.field.valueAsNumber;
      const valid = Number.isFinite(ratio) && ratio >= 0 && ratio <= 1;
      this.complain(valid);
      if (!valid) return;
      options.onInput(ratio);
      options.onRest();
    });
    this.element = h('span', { class: 'ratio-control' }, this.slider, this.field);
  }

  /** @param ratio null where the layers that it stands for differ; `mean` is what the slider then shows */
  update(ratio: number | null, mean = ratio ?? 0): void {
    const shown = ratio ?? mean;
    const text = ratio === null ? '' : formatRatio(ratio);
    // Hundreds of rows are brought up to date while one is dragged: those that stay where they are cost nothing.
    const same = this.slider.valueAsNumber === Number(shown.toFixed(2)) && this.field.value === text;
    if (same && this.shown === ratio) return;
    this.shown = ratio;
    this.slider.value = String(shown);
    this.slider.style.setProperty('--fill', `${100 * shown}%`);
    this.slider.setAttribute(
      'aria-valuetext',
      ratio === null ? `mixed, ${formatRatio(mean)} on average` : formatRatio(ratio),
    );
    this.field.value = text;
    this.field.placeholder = ratio === null ? 'mixed' : '';
    this.complain(true);
  }

  private complain(valid: boolean): void {
    const invalid = String(!valid);
    if (this.field.getAttribute('aria-invalid') === invalid) return;
    this.field.setAttribute('aria-invalid', invalid);
    this.field.title = valid ? '' : 'Enter a number from 0 to 1.';
  }
}
