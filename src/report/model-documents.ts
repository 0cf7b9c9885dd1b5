import type { CleanseReport } from '../protocol/cleanse';
import { runsCode } from '../protocol/file-safety';
import type { PruneReport } from '../protocol/prune';
import type { ScanFailure, ScanReport } from '../protocol/scan';
import type { SplitReport } from '../protocol/split';
import { count, grouped, listShort } from '../protocol/wording';
import { heading, list, paragraph, table, type Part } from './document';
import { preprocessingLine, share } from './evaluation-figures';
import { findingLine } from './text';

/** A scan as it is read in HTML and in Markdown. */
export function scanDocument({ model, layers, summary, u, applicable, findings }: ScanReport): Part[] {
  const danger = runsCode(findings);
  return [
    heading('Scan', 1),
    ...list([
      `${model.path} (${model.format}, ${grouped(model.bytes)} bytes, ${grouped(model.parameters)} parameters)`,
      `SHA-256 ${model.sha256}`,
    ]),
    ...(danger === null ? [] : [paragraph(danger, 'bad')]),
    paragraph(
      applicable
        ? `${count(summary.outliers, 'channel')} of ${grouped(summary.channels)} in ${count(summary.scored, 'convolution')} lie above mean + ${u} · std of their layer; ${count(summary.skipped, 'convolution')} could not be scored.`
        : 'CLP is not applicable: no convolution could be scored. That says nothing about a backdoor.',
    ),
    table(
      'UCLC by convolution',
      ['Layer', 'Channels', 'Outliers', 'Mean', 'Threshold', 'Not scored because'],
      layers.map(({ name, channels, outliers, mean, threshold, status, reason }) => [
        name,
        channels,
        listShort(outliers.map(({ channel }) => channel)) || '—',
        mean === null ? '—' : mean.toPrecision(4),
        threshold === null ? '—' : threshold.toPrecision(4),
        status === 'skipped' ? (reason ?? '') : '',
      ]),
      [2, 5],
    ),
    heading('Findings'),
    ...(findings.length === 0 ? [paragraph('No findings.')] : []),
    ...list(findings.map(findingLine)),
    paragraph(
      'Not tested: whether a trigger changes predictions. CLP misses triggers that cover the whole image.',
      'dim',
    ),
  ];
}

/** A model that could not be scanned. */
export function failureDocument({ path, message, findings }: ScanFailure): Part[] {
  return [
    heading('Scan that failed', 1),
    paragraph(`${path}: ${message}`, 'bad'),
    ...list(findings.map(findingLine)),
  ];
}

/** What pruning did. */
export function pruneDocument(report: PruneReport): Part[] {
  const { agreement } = report;
  return [
    heading('Pruning (CLP)', 1),
    ...files(report),
    paragraph(`${count(report.channels, 'channel')} pruned at u = ${report.u}.`),
    table(
      'Pruned channels',
      ['Layer', 'Norm', 'Pruned', 'Channels'],
      report.layers.map(({ name, norm, channels }) => [
        name,
        norm ?? '—',
        channels.length,
        listShort(channels, 12),
      ]),
      [1, 3],
    ),
    agreement === undefined
      ? paragraph('The effect on predictions was not measured.')
      : paragraph(
          `The pruned model agrees with the original on ${share(agreement.agreement)} of ${count(agreement.n, agreement.source === 'images' ? 'image' : 'random input')}.`,
        ),
    ...list(report.notes),
  ];
}

/** What cleansing did. It says what was measured, and never that a model is free of a backdoor. */
export function cleanseDocument(report: CleanseReport): Part[] {
  const { data, settings, clp, history } = report;
  const last = history.at(-1);
  return [
    heading('Cleansing (BCU)', 1),
    ...files(report),
    ...(report.status === 'diverged'
      ? [paragraph(`Training diverged; the output holds epoch ${history.length}.`, 'bad')]
      : []),
    ...list([
      `${count(data.images, 'unlabeled image')} of ${data.folder}; ${count(data.skipped.length, 'file')} left out`,
      clp === null
        ? 'No channel was pruned.'
        : `CLP at u = ${clp.u}: ${count(clp.channels, 'channel')} held at zero`,
      `${(100 * report.redrawn).toFixed(1)} % of the weights re-drawn, seed ${settings.seed}; batch ${settings.batchSize}, learning rate ${settings.rate}, ${settings.labels} labels`,
      preprocessingLine(report.preprocessing),
      ...(last === undefined ? [] : [`Epoch ${last.epoch}: loss ${last.loss.toPrecision(4)}`]),
    ]),
    table(
      'Epochs',
      ['Epoch', 'Loss', 'Temperature', 'Agreement', 'Seconds'],
      history.map(({ epoch, loss, temperature, agreement, seconds }) => [
        epoch,
        loss.toPrecision(4),
        temperature.toFixed(2),
        share(agreement),
        seconds.toFixed(1),
      ]),
    ),
    paragraph(
      `The student agrees with its teacher on ${share(report.agreement)} of these images. That is no measure of safety: only triggered images show what is left of a backdoor.`,
    ),
    ...list(report.notes),
  ];
}

/** What a split did and found. It never calls a sample clean, nor the model. */
export function splitDocument({ output, sha256, data, seeds, settings, suspects }: SplitReport): Part[] {
  return [
    heading('Training on a suspicious dataset (ASD)', 1),
    ...list([
      `${output}, model.onnx: SHA-256 ${sha256}`,
      `${count(data.images, 'image')} of ${data.path}, ${count(seeds.images, 'known-clean seed')} of ${seeds.path}`,
      `Seed ${settings.seed}, learning rate ${settings.rate}`,
    ]),
    paragraph(
      `${count(suspects.suspected, 'image')} of ${data.images} suspected. Hard and wrongly labelled images are among them; none suspected is no proof that none is poisoned.`,
    ),
    table(
      'Suspected images by class',
      ['Class', 'Suspected'],
      suspects.byClass.map(({ name, suspected }) => [name, suspected]),
    ),
  ];
}

function files({
  input,
  inputSha256,
  output,
  sha256,
}: Pick<PruneReport, 'input' | 'inputSha256' | 'output' | 'sha256'>): Part[] {
  return list([`From ${input}: SHA-256 ${inputSha256}`, `To ${output}: SHA-256 ${sha256}`]);
}
