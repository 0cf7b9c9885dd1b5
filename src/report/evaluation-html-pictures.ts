import type { EvaluationReport, EvaluationSample, ModelEvaluation } from '../protocol/evaluation';
import { className } from './evaluation-figures';
import { confusionMatrix } from './html/charts';
import { element, type Markup } from './html/markup';

/** Sample images with and without the trigger, each with what the models make of it. */
export function sampleFigures(report: EvaluationReport, names: readonly string[]): Markup {
  return element(
    'div',
    { class: 'samples' },
    report.samples.map((sample) => sampleCard(report, sample, names)),
  );
}

function sampleCard(report: EvaluationReport, sample: EvaluationSample, names: readonly string[]): Markup {
  const picture = (image: string, alt: string): Markup =>
    element('img', { src: `data:image/png;base64,${image}`, alt });
  const { clean, triggered } = sample;
  return element(
    'article',
    { class: 'sample' },
    clean === null ? [] : picture(clean.image, `${sample.name} without the trigger`),
    picture(triggered.image, `${sample.name} with ${sample.attack}`),
    element('p', {}, `${sample.attack}, ${sample.name}: ${className(report, sample.label)}`),
    names.map((name, i) => {
      const before = clean === null ? '' : `${className(report, clean.predictions[i] ?? null)} → `;
      return element('p', {}, `${name}: ${before}${className(report, triggered.predictions[i] ?? null)}`);
    }),
  );
}

/** The confusion matrix of one model on `classes` classes. */
export function matrixFigure(model: ModelEvaluation, name: string, classes: number): Markup {
  return element(
    'figure',
    { class: 'wide' },
    element('figcaption', {}, `${name}: true class down, predicted class across, shaded by share of the row`),
    confusionMatrix(`Confusion matrix of ${name}`, model.confusion, classes),
  );
}
