import type { ToComparePanel } from '../../src/protocol/audit';
import type { ChartGallery } from '../charts/lazy';
import type { Announcer } from '../dom/announcer';
import { h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { section } from '../dom/section';
import { UControl } from '../dom/u-control';
import { auditAtU } from '../scan/at-u';
import { changedChannels, matchLayers, type LayerPair } from '../scan/match';
import { formatCount, formatU, plural } from '../text/format';
import { OUTLIERS_PROVE_NOTHING } from '../text/summary';
import { PairCard } from './pair-card';
import { sides } from './sides';
import { channelTable, layerTable } from './tables';

/** Two audits side by side. Made anew for each pair; `update` moves u. */
export class CompareView {
  readonly element: HTMLElement;
  private readonly message: ToComparePanel;
  private readonly gallery: ChartGallery;
  private readonly control: UControl;
  private readonly counts = h('p', { class: 'counts' });
  private readonly table = layerTable();
  private readonly cards: readonly PairCard[];

  constructor(
    message: ToComparePanel,
    memory: OpenMemory,
    gallery: ChartGallery,
    announcer: Announcer,
    onU: (u: number) => void,
  ) {
    this.message = message;
    this.gallery = gallery;
    this.control = new UControl(onU);
    const pairs = this.pairs(message.u);
    const changed = changedChannels(pairs);
    const channels = channelTable();
    channels.update(changed);
    const pruned = changed.filter(({ kind }) => kind === 'zero in B').length;
    this.cards = pairs.filter(isDrawn).map((pair, index) => new PairCard(pair, `pair-${index}`));
    for (const card of this.cards) gallery.add(card.chart);

    const open = (id: string, heading: string, ...children: HTMLElement[]): HTMLElement =>
      section({ id, heading, memory }, ...children).element;
    this.element = h(
      'div',
      {},
      h('header', { class: 'header' }, h('h1', {}, 'Compare models')),
      sides(message.left, message.right, announcer, memory),
      h('div', { class: 'toolbar' }, h('div', { class: 'toolbar-line' }, this.control.element, this.counts)),
      open(
        'summary',
        'Summary',
        h('p', { class: 'lead' }, differenceSentence(pairs, changed.length, pruned)),
        h('p', { class: 'hint' }, OUTLIERS_PROVE_NOTHING),
      ),
      open('differences', 'Channels that differ', channels.element),
      open('layers', 'Layers', this.table.element),
      open(
        'histograms',
        'UCLC histograms',
        h(
          'p',
          { class: 'hint' },
          h('span', { class: 'key key-solid', attributes: { 'aria-hidden': 'true' } }),
          'A (solid) ',
          h('span', { class: 'key key-hatched', attributes: { 'aria-hidden': 'true' } }),
          'B (hatched), over the same bins.',
        ),
        h('div', { class: 'grid' }, ...this.cards.map((card) => card.element)),
      ),
    );
  }

  /** Shows both models at u. */
  update(u: number): void {
    const pairs = this.pairs(u);
    this.control.update(u);
    this.table.update(pairs);
    const drawn = pairs.filter(isDrawn);
    this.cards.forEach((card, index) => {
      card.update(drawn[index]!, u);
    });
    setText(this.counts, this.countsAt(u));
  }

  /** Outliers of both models at u, in words. */
  countsAt(u: number): string {
    const [a, b] = [auditAtU(this.message.left, u), auditAtU(this.message.right, u)];
    return (
      `Outliers at u = ${formatU(u)}: A ${formatCount(a.outliers)} of ${plural(a.channels, 'channel')}, ` +
      `B ${formatCount(b.outliers)} of ${plural(b.channels, 'channel')}`
    );
  }

  remove(): void {
    for (const card of this.cards) this.gallery.remove(card.chart);
    this.element.remove();
  }

  private pairs(u: number): LayerPair[] {
    return matchLayers(auditAtU(this.message.left, u), auditAtU(this.message.right, u));
  }
}

/** True where at least one of the two has values to draw. */
function isDrawn({ left, right }: LayerPair): boolean {
  return left?.layer.status === 'scored' || right?.layer.status === 'scored';
}

function differenceSentence(pairs: readonly LayerPair[], changed: number, pruned: number): string {
  const matched = pairs.filter(({ left, right }) => left !== null && right !== null).length;
  const onlyA = pairs.filter(({ right }) => right === null).length;
  const onlyB = pairs.filter(({ left }) => left === null).length;
  const alone =
    onlyA + onlyB === 0 ? '' : `; ${formatCount(onlyA)} only in A, ${formatCount(onlyB)} only in B`;
  const differ = changed === 1 ? 'differs' : 'differ';
  const zero = pruned === 0 ? '' : `, ${formatCount(pruned)} of them zero in B (pruned)`;
  return `${plural(matched, 'layer')} matched by name${alone}. ${plural(changed, 'channel')} ${differ}${zero}.`;
}
