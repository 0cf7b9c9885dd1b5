import type { SplitReport } from '../protocol/split';
import { count, listShort, visible } from '../protocol/wording';
import { textTable } from './table';

const MAX_EPOCH_ROWS = 20;

/** What a split did and found, for a terminal. It never calls a sample clean, nor the model. */
export function splitText(report: SplitReport): string {
  const { data, seeds, settings, suspects } = report;
  const { 'class-aware': aware, 'class-agnostic': agnostic, 'meta-split': meta } = settings.epochs;
  const parts = [
    `${visible(report.output)}\nmodel.onnx, SHA-256 ${report.sha256}`,
    [
      `Trained on ${count(data.images, 'image')} of ${visible(data.path)}, from new weights of ${visible(report.architecture.path)}, with ${count(seeds.images, 'known-clean seed')} (ASD).`,
      `${aware} + ${agnostic} + ${meta} epochs of ${count(settings.iterations, 'step')}, learning rate ${settings.rate}, seed ${settings.seed}, on ${report.device}.`,
    ].join('\n'),
    epochTable(report),
    suspectLines(report),
    ...(data.skipped.length > 0
      ? [
          `Left out: ${count(data.skipped.length, 'file')} (${listShort(
            data.skipped.map(({ path }) => visible(path, 60)),
            3,
          )})`,
        ]
      : []),
    [
      `suspects.csv and suspects.json rank all ${data.images} images${suspects.suspected > 0 ? '; look at the suspected ones before you discard any' : ''}.`,
      (report.monitor?.triggered ?? null) === null
        ? 'No triggered images were given, so nothing was measured of a backdoor. Where a trigger is known or suspected, `scour evaluate` measures what the model makes of it.'
        : 'ASR was measured for the given trigger only; another one may have other effects.',
    ].join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function suspectLines({ suspects, data }: SplitReport): string {
  if (suspects.suspected === 0)
    return 'The finished model contradicts no label more than others. That is no proof that none is poisoned.';
  const most = [...suspects.byClass]
    .filter(({ suspected }) => suspected > 0)
    .sort((a, b) => b.suspected - a.suspected)
    .map(({ name, suspected }) => `${visible(name, 40)} ${suspected}`);
  return [
    `Suspected: ${count(suspects.suspected, 'image')} of ${data.images} (${((100 * suspects.suspected) / data.images).toFixed(1)} %), whose label the model contradicts (split loss above ${suspects.threshold?.toPrecision(4) ?? '–'}).`,
    `By class: ${listShort(most, 10)}.`,
    'Images that are hard or wrongly labelled are among them; poison of one target gathers in that class.',
  ].join('\n');
}

/** All epochs, or of many a selection that holds the first and the last. */
function epochTable({ history, monitor }: SplitReport): string {
  const every = Math.ceil(history.length / MAX_EPOCH_ROWS);
  const rates = [
    ...(monitor === null ? [] : ['ACC']),
    ...((monitor?.triggered ?? null) === null ? [] : ['ASR', 'RA']),
  ];
  const percent = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
  const rows = history
    .filter(({ epoch }, i) => i === 0 || i === history.length - 1 || epoch % every === 0)
    .map(({ epoch, stage, clean, polluted, loss, split, monitored, seconds }) => [
      String(epoch),
      stage,
      String(clean),
      String(polluted),
      loss.toPrecision(4),
      split?.cleanLoss?.toPrecision(3) ?? '–',
      split?.pollutedLoss?.toPrecision(3) ?? '–',
      ...[monitored?.acc ?? null, monitored?.asr ?? null, monitored?.ra ?? null]
        .slice(0, rates.length)
        .map(percent),
      seconds.toFixed(1),
    ]);
  const head = ['epoch', 'stage', 'clean pool', 'polluted', 'loss', 'split loss', 'polluted', ...rates];
  return textTable(
    [...head, 'seconds'],
    rows,
    [...head, 'seconds'].map((_, i) => i !== 1),
  );
}
