import type { Agreement } from '../../src/protocol/prune';
import type { ChartGallery } from '../charts/lazy';
import { LazyChart } from '../charts/lazy';
import { PairedChart, type PairedData } from '../charts/paired-chart';
import { h } from '../dom/element';
import { fold } from '../dom/fold';
import { notice } from '../dom/notice';
import { SortableTable } from '../dom/table';
import { classCounts, mostPredicted, type ClassCount } from '../text/classes';
import { skippedList } from '../dom/skipped';
import { formatCount, formatPercent, plural } from '../text/format';
import { describePreprocessing } from '../text/preprocessing-words';
import { capitalised, visible } from '../../src/protocol/wording';

const MOST_CLASSES = 40;

const RANDOM_CAVEAT =
  'Measured on random noise, which misleads: on a reference network real images agreed 85 % where noise agreed 54 %. ' +
  'Choose a folder of images like those the model is for.';

/** What the two models are called. */
interface Names {
  readonly first: string;
  readonly second: string;
}
const ORIGINAL_AND_PRUNED: Names = { first: 'original', second: 'pruned' };

/** Prediction agreement of two models, the original and the pruned one unless said, and how their predictions spread over the classes. */
export class AgreementView {
  readonly element: HTMLElement;
  private readonly chart: LazyChart<PairedData>;
  private readonly gallery: ChartGallery;

  constructor(agreement: Agreement, gallery: ChartGallery, names = ORIGINAL_AND_PRUNED) {
    this.gallery = gallery;
    const counts = classCounts(agreement.original, agreement.pruned);
    const shown = mostPredicted(counts, MOST_CLASSES);
    const canvas = h('canvas', { attributes: { role: 'img', 'aria-label': spreadInWords(counts, names) } });
    this.chart = new LazyChart(
      canvas,
      () => spread(shown, names),
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
          label: capitalised(names.first),
          numeric: true,
          value: ({ original }) => original,
          cell: ({ original }) => formatCount(original),
        },
        {
          id: 'pruned',
          label: capitalised(names.second),
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
        `${names.first} (solid) `,
        h('span', { class: 'key key-hatched', attributes: { 'aria-hidden': 'true' } }),
        `${names.second} (hatched).${more}`,
      ),
      h('div', { class: 'chart chart-wide' }, canvas),
      fold('Predictions as a table', table.element),
      skippedList(agreement.skipped),
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

function spread(counts: readonly ClassCount[], names: Names): PairedData {
  return {
    labels: counts.map(({ index }) => String(index)),
    titles: counts.map(({ index }) => `Class ${index}`),
    first: { name: capitalised(names.first), values: counts.map(({ original }) => original) },
    second: { name: capitalised(names.second), values: counts.map(({ pruned }) => pruned) },
    lines: () => [],
  };
}

function spreadInWords(counts: readonly ClassCount[], { first, second }: Names): string {
  const top = (of: (count: ClassCount) => number): string => {
    const best = counts.reduce<ClassCount | null>((a, b) => (a === null || of(b) > of(a) ? b : a), null);
    return best === null ? 'nothing' : `class ${best.index} (${formatCount(of(best))})`;
  };
  return (
    `Predictions over ${plural(counts.length, 'class', 'classes')}; most often: ` +
    `${first} ${top(({ original }) => original)}, ${second} ${top(({ pruned }) => pruned)}.`
  );
}

function howMeasured({ preprocessing, device, seed }: Agreement): string {
  const parts = [`Run on ${visible(device)}`];
  if (seed !== null) parts.push(`seed ${seed}`);
  return `${parts.join('; ')}; ${preprocessing === null ? 'inputs as they were drawn.' : describePreprocessing(preprocessing)}`;
}
