import type { ChartGallery } from '../charts/lazy';
import { fill, h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import type { AuditAtU } from '../scan/at-u';
import { formatCount } from '../text/format';
import { LayerCard } from './layer-card';
import type { AuditState, Part } from './state';

/** One histogram of UCLC a layer. */
export class Histograms implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly gallery: ChartGallery;
  private readonly grid = h('div', { class: 'grid' });
  private readonly onlyOutliers = h('input', { id: 'only-outliers', attributes: { type: 'checkbox' } });
  private readonly none = h('p', { class: 'hint' }, 'No layer has an outlier at this u.');
  private cards: LayerCard[] = [];

  constructor(memory: OpenMemory, gallery: ChartGallery) {
    this.gallery = gallery;
    this.onlyOutliers.checked = memory.isOpen('only-outliers', false);
    this.onlyOutliers.addEventListener('change', () => {
      memory.setOpen('only-outliers', this.onlyOutliers.checked);
      this.filter();
    });
    this.section = section(
      { id: 'histograms', heading: 'UCLC histograms', memory },
      h(
        'p',
        { class: 'hint' },
        'UCLC is the upper bound of a channel’s Lipschitz constant: how strongly its output can react to its input. ',
        'Hatched bars under a ▼ are outliers, the dashed line is the mean, the solid line the threshold.',
      ),
      h(
        'p',
        {},
        this.onlyOutliers,
        h('label', { attributes: { for: 'only-outliers' } }, 'Only layers with outliers'),
      ),
      this.none,
      this.grid,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void {
    const shown = view?.scored ?? [];
    this.element.hidden = shown.length === 0;
    if (state.scan !== before?.scan) {
      for (const card of this.cards) this.gallery.remove(card.chart);
      this.cards = shown.map((layer, index) => new LayerCard(layer, `layer-${index}`));
      fill(this.grid, ...this.cards.map((card) => card.element));
      for (const card of this.cards) this.gallery.add(card.chart);
      setText(this.section.aside, formatCount(shown.length));
    }
    if (view === null) return;
    this.cards.forEach((card, index) => {
      card.update(shown[index]!, view);
    });
    this.filter();
  }

  private filter(): void {
    let visible = 0;
    for (const card of this.cards) {
      card.element.hidden = this.onlyOutliers.checked && !card.hasOutliers;
      if (!card.element.hidden) visible += 1;
    }
    this.none.hidden = visible > 0 || this.cards.length === 0;
  }
}
