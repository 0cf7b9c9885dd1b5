import type { AuditAtU } from '../scan/at-u';
import { h, setText } from '../dom/element';
import { UControl } from '../dom/u-control';
import { formatCount, plural } from '../text/format';
import type { AuditState, Part } from './state';

interface Jump {
  readonly label: string;
  readonly reveal: () => void;
}

/** Stays in view while the page scrolls: u, what it flags, and the way to each section. */
export class Toolbar implements Part {
  private readonly control: UControl;
  private readonly counts = h('p', { class: 'counts' });
  readonly element: HTMLElement;

  constructor(onU: (u: number) => void, jumps: readonly Jump[]) {
    this.control = new UControl(onU);
    const links = jumps.map(({ label, reveal }) => {
      const link = h('button', { class: 'link', attributes: { type: 'button' } }, label);
      link.addEventListener('click', reveal);
      return h('li', {}, link);
    });
    this.element = h(
      'div',
      { class: 'toolbar' },
      h('div', { class: 'toolbar-line' }, this.control.element, this.counts),
      h('nav', { attributes: { 'aria-label': 'Sections' } }, h('ul', {}, ...links)),
    );
  }

  update(state: AuditState, view: AuditAtU | null): void {
    this.element.hidden = view === null || view.scored.length === 0;
    if (view === null) return;
    this.control.update(state.u);
    setText(
      this.counts,
      `${plural(view.outliers, 'outlier')} among ${plural(view.channels, 'channel')}, in ${formatCount(view.layersWithOutliers)} of ${plural(view.scored.length, 'layer')}`,
    );
  }
}
