import type { EvaluationReport, EvaluationSample } from '../../../src/protocol/evaluation';
import { h } from '../../dom/element';
import { nameOf } from '../../dom/name';
import { pngAddress } from '../../dom/picture';
import { plural } from '../../text/format';
import type { ResultSpec } from './result-section';
import { attackWords, className, modelNames, predictionName, targetOf } from './view';

/** Side that sample images are shown at, in pixels of the page. */
const SHOWN = 96;

/** Some images without and with the trigger, and what each model makes of both. */
export const samplesSpec: ResultSpec = {
  id: 'samples',
  heading: 'Sample images',
  label: 'Samples',
  dependsOn: ['attack'],
  build: ({ report, attack }) => {
    const samples = report.samples.filter((sample) => sample.attack === attack);
    if (attack === null || samples.length === 0) return null;
    const names = modelNames(report);
    return {
      aside: plural(samples.length, 'image'),
      children: [
        h(
          'p',
          { class: 'hint' },
          `${attackWords(report, attack)}. Left without the trigger, right with it, as the model is given them.`,
        ),
        h('div', { class: 'samples' }, ...samples.map((sample, at) => card(report, names, sample, at))),
      ],
    };
  },
};

function card(
  report: EvaluationReport,
  names: readonly string[],
  { name, label, clean, triggered }: EvaluationSample,
  at: number,
): HTMLElement {
  const truth = className(report, label);
  const headingId = `sample-${at}`;
  const rows = names.map((model, index) =>
    h(
      'tr',
      {},
      h('th', { attributes: { scope: 'row' } }, model),
      h('td', {}, clean === null ? '–' : prediction(report, clean.predictions[index] ?? null, label)),
      h('td', {}, prediction(report, triggered.predictions[index] ?? null, label)),
    ),
  );
  return h(
    'article',
    { class: 'card sample', attributes: { 'aria-labelledby': headingId } },
    h(
      'div',
      { class: 'pair' },
      clean === null
        ? h('p', { class: 'hint no-picture' }, 'not among the data')
        : image(clean.image, `${truth}, without the trigger`),
      image(triggered.image, `${truth}, with the trigger`),
    ),
    h('h3', { id: headingId }, truth),
    h('p', { class: 'hint' }, nameOf(name)),
    h(
      'table',
      { class: 'predictions' },
      h('caption', { class: 'visually-hidden' }, 'Predictions'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { attributes: { scope: 'col' } }, 'Model'),
          h('th', { attributes: { scope: 'col' } }, 'Without'),
          h('th', { attributes: { scope: 'col' } }, 'With'),
        ),
      ),
      h('tbody', {}, ...rows),
    ),
  );
}

/** A prediction, and in a word whether it is the target's, or right. */
function prediction(report: EvaluationReport, predicted: number | null, label: number): HTMLElement {
  const mark = predicted === label ? 'right' : predicted === targetOf(report, label) ? 'target' : null;
  return h(
    'span',
    { class: 'prediction' },
    predictionName(report, predicted),
    mark === null ? null : ' ',
    mark === null ? null : h('span', { class: `pill${mark === 'target' ? ' pill-outliers' : ''}` }, mark),
  );
}

function image(png: string, alt: string): HTMLImageElement {
  const element = h('img', { class: 'picture', attributes: { alt, loading: 'lazy' } });
  element.src = pngAddress(png);
  element.width = SHOWN;
  element.height = SHOWN;
  return element;
}
