import type { Agreement } from '../../src/protocol/prune';
import type { ChartGallery } from '../charts/lazy';
import { LazyChart } from '../charts/lazy';
import { PairedChart, type PairedData } from '../charts/paired-chart';
import { h } from '../dom/element';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { SortableTable } from '../dom/table';
import { classCounts, mostPredicted, type ClassCount } from '../text/classes';
import { formatCount, formatPercent, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';

const MOST_CLASSES = 40;
const MOST_SKIPPED = 50;

const RANDOM_CAVEAT =
  'Measured on random noise, which misleads: on a reference network real images agreed 85 % where noise agreed 54 %. ' +
  'Choose a folder of images like those the model is for.';

/** Prediction agreement of the original and the pruned model, and how their predictions spread over the classes. */
export class AgreementView {
  readonly element: HTMLElement;
  private readonly chart: LazyChart<PairedData>;
  private readonly gallery: ChartGallery;

  constructor(agreement: Agreement, gallery: ChartGallery) {
    this.gallery = gallery;
    const counts = classCounts(agreement.original, agreement.pruned);
    const shown = mostPredicted(counts, MOST_CLASSES);
    const canvas = h('canvas', { attributes: { role: 'img', 'aria-label': spreadInWords(counts) } });
    this.chart = new LazyChart(
      canvas,
      () => spread(shown),
      (target, data, theme) => new PairedChart(target, data, theme),
    );
    const table = new SortableTable<ClassCount>({
      caption: 'Predictions per class',
      empty: 'No prediction was made.',
      columns: [
        {
          id: 'class',
          label: 'Class',
          numeric: true,
          value: ({ index }) => index,
          cell: ({ index }) => String(index),
        },
        {
          id: 'original',
          label: 'Original',
          numeric: true,
          value: ({ original }) => original,
          cell: ({ original }) => formatCount(original),
        },
        {
          id: 'pruned',
          label: 'Pruned',
          numeric: true,
          value: ({ pruned }) => pruned,
          cell: ({ pruned }) => formatCount(pruned),
        },
      ],
    });
    table.update(counts);
    const more =
      counts.length > shown.length
        ? ` The ${MOST_CLASSES} most predicted of ${formatCount(counts.length)} are drawn.`
        : '';
    this.element = h(
      'div',
      { class: 'agreement' },
      h(
        'p',
        { class: 'figure' },
        h('strong', { class: 'figure-value' }, formatPercent(agreement.agreement)),
        h('span', {}, ` of predictions stay the same on ${inputs(agreement)}.`),
      ),
      agreement.source === 'random' ? notice('warning', h('p', {}, RANDOM_CAVEAT)) : null,
      ...agreement.warnings.map((warning) => notice('warning', h('p', {}, visible(warning)))),
      h('h3', {}, 'How predictions spread over the classes'),
      h(
        'p',
        { class: 'hint' },
        h('span', { class: 'key key-solid', attributes: { 'aria-hidden': 'true' } }),
        'original (solid) ',
        h('span', { class: 'key key-hatched', attributes: { 'aria-hidden': 'true' } }),
        `pruned (hatched).${more}`,
      ),
      h('div', { class: 'chart chart-wide' }, canvas),
      fold('Predictions as a table', table.element),
      skippedFiles(agreement),
      h('p', { class: 'hint' }, howMeasured(agreement)),
    );
    gallery.add(this.chart);
  }

  remove(): void {
    this.gallery.remove(this.chart);
    this.element.remove();
  }
}

function inputs({ n, source, folder }: Agreement): string {
  if (source === 'random') return plural(n, 'random input');
  return `${plural(n, 'image')} of ${visible(folder ?? 'the chosen folder')}`;
}

function spread(counts: readonly ClassCount[]): PairedData {
  return {
    labels: counts.map(({ index }) => String(index)),
    titles: counts.map(({ index }) => `Class ${index}`),
    first: { name: 'Original', values: counts.map(({ original }) => original) },
    second: { name: 'Pruned', values: counts.map(({ pruned }) => pruned) },
    lines: () => [],
  };
}

function spreadInWords(counts: readonly ClassCount[]): string {
  const top = (of: (count: ClassCount) => number): string => {
    const best = counts.reduce<ClassCount | null>((a, b) => (a === null || of(b) > of(a) ? b : a), null);
    return best === null ? 'nothing' : `class ${best.index} (${formatCount(of(best))})`;
  };
  return (
    `Predictions per class over ${plural(counts.length, 'class', 'classes')}: the original predicts ` +
    `${top(({ original }) => original)} most often, the pruned model ${top(({ pruned }) => pruned)}.`
  );
}

function skippedFiles({ skipped }: Agreement): HTMLElement | null {
  if (skipped.length === 0) return null;
  const items = skipped
    .slice(0, MOST_SKIPPED)
    .map(({ path, reason }) => h('li', {}, nameOf(path), `: ${visible(reason)}`));
  const left = skipped.length - items.length;
  if (left > 0) items.push(h('li', {}, `and ${plural(left, 'more', 'more')}`));
  return fold(`${plural(skipped.length, 'file')} left out`, h('ul', { class: 'plain-list' }, ...items));
}

function howMeasured({ preprocessing, device, seed }: Agreement): string {
  const parts = [`Run on ${visible(device)}`];
  if (seed !== null) parts.push(`seed ${seed}`);
  if (preprocessing !== null) {
    const { height, width, channels, layout, mean, std, source } = preprocessing;
    parts.push(
      `inputs ${height} × ${width}, ${channels.toUpperCase()}, ${layout.toUpperCase()}`,
      mean.length === 0
        ? 'scaled to 0…1 only'
        : `mean ${mean.join(', ')}, std ${std.join(', ')} (from ${visible(source)})`,
    );
  }
  return `${parts.join('; ')}.`;
}
