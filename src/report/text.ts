import { runsCode } from '../protocol/file-safety';
import { placeOf, type Finding } from '../protocol/findings';
import type { Agreement, PruneReport } from '../protocol/prune';
import type { Layer, ScanReport } from '../protocol/scan';
import { largestPossibleZ } from '../protocol/threshold';
import { count, grouped, listShort, visible } from '../protocol/wording';
import { textTable } from './table';

const MAX_OUTLIER_ROWS = 40;

/** A scan for a terminal. Names from the file are shown with control characters escaped. */
export function scanText(report: ScanReport): string {
  const { model, layers, findings } = report;
  const skipped = layers.filter(({ status }) => status === 'skipped');
  const scored = layers.filter(({ status }) => status === 'scored');
  return sections([
    `${visible(model.path)}\n${factsLine(report)}\nSHA-256 ${model.sha256}`,
    runsCode(findings) ?? '',
    summarySentence(report),
    scored.length > 0 ? layerTable(scored) : '',
    unflaggable(scored, report.u),
    outlierTable(layers),
    skipped.length > 0
      ? `Not scored:\n${skipped.map(({ name, reason }) => `  ${visible(name, 80)}: ${visible(reason ?? '')}`).join('\n')}`
      : '',
    findings.length > 0
      ? `Findings:\n${findings.map((finding) => `  ${findingLine(finding)}`).join('\n')}`
      : '',
    'Not tested: whether a trigger changes predictions (that takes images). CLP misses triggers that cover the whole image (Blended, SIG).',
  ]);
}

/** One finding with its place in the file, for a terminal. */
export function findingLine(finding: Finding): string {
  const { level, id, message, location } = finding;
  // A tensor's name stands in the message.
  const place = location === undefined ? null : placeOf(finding);
  return `${level} ${id}: ${visible(message, 3000)}${place === null ? '' : ` (${visible(place, 200)})`}`;
}

/** What pruning did, for a terminal. */
export function pruneText(report: PruneReport): string {
  const rows = report.layers.map(({ name, norm, channels }) => [
    visible(name, 60),
    norm === null ? '—' : visible(norm, 60),
    String(channels.length),
    listShort(channels, 12),
  ]);
  return sections([
    `${visible(report.output)}\nSHA-256 ${report.sha256}`,
    `Pruned ${count(report.channels, 'channel')} in ${count(report.layers.length, 'layer')} of ${visible(report.input)} at u = ${report.u}.`,
    rows.length > 0
      ? textTable(['layer', 'norm', 'pruned', 'channels'], rows, [false, false, true, false])
      : '',
    report.agreement
      ? agreementText(report.agreement)
      : 'Its effect on predictions was not measured (--data DIR does).',
  ]);
}

function agreementText(agreement: Agreement): string {
  const spread = (counts: readonly number[]): string => counts.map((n, k) => `${k}: ${n}`).join('  ');
  const { preprocessing: p } = agreement;
  return [
    `The pruned model agrees with the original on ${agreement.agreement.toFixed(2)} % of ${count(agreement.n, agreement.source === 'images' ? 'image' : 'random input')}.`,
    `Predictions by class, original: ${spread(agreement.original)}`,
    `                        pruned: ${spread(agreement.pruned)}`,
    ...(p === null
      ? []
      : [
          `Preprocessing: ${p.height} × ${p.width} ${p.channels}, ${p.layout}, mean ${p.mean.join(' ')}, std ${p.std.join(' ')} (${p.source})`,
        ]),
    ...(agreement.skipped.length > 0
      ? [
          `Left out: ${count(agreement.skipped.length, 'file')} (${listShort(
            agreement.skipped.map(({ path }) => visible(path, 60)),
            3,
          )})`,
        ]
      : []),
  ].join('\n');
}

function factsLine({ model }: ScanReport): string {
  return [
    model.format === 'onnx'
      ? `ONNX${model.opset === undefined ? '' : ` opset ${model.opset}`}`
      : visible(model.producer ?? model.format, 60),
    `${(model.bytes / 1e6).toFixed(1)} MB`,
    `${grouped(model.parameters)} parameters`,
    ...(model.architecture ? [visible(model.architecture, 120)] : []),
    ...(model.format === 'onnx' && model.producer ? [`exported by ${visible(model.producer, 60)}`] : []),
  ].join(', ');
}

function summarySentence({ applicable, summary, u }: ScanReport): string {
  if (!applicable)
    return 'CLP is not applicable: no convolution could be scored. That is no statement about a backdoor.';
  const where = `${summary.scored} of ${count(summary.layers, 'convolution')} scored, ${count(summary.channels, 'channel')}`;
  const what = `At u = ${u}, ${count(summary.outliers, 'channel')} ${summary.outliers === 1 ? 'lies' : 'lie'} above the threshold of ${summary.outliers === 1 ? 'its' : 'their'} layer.`;
  return `${where}. ${what}\nNetworks without a backdoor show outliers too, so this alone is evidence neither for nor against one.`;
}

function layerTable(layers: readonly Layer[]): string {
  const byName = layers.some(({ confidence }) => confidence !== undefined);
  const rows = layers.map((layer) => [
    visible(layer.name, 50),
    layer.norm === null ? '—' : visible(layer.norm, 50),
    ...(byName ? [layer.confidence ?? ''] : []),
    String(layer.channels),
    figure(layer.mean),
    figure(layer.std),
    figure(layer.threshold),
    String(layer.outliers.length),
  ]);
  const words = ['layer', 'norm', ...(byName ? ['confidence'] : [])];
  const figures = ['channels', 'mean', 'std', 'threshold', 'outliers'];
  const rightAligned = [...words.map(() => false), ...figures.map(() => true)];
  return textTable([...words, ...figures], rows, rightAligned);
}

/** Layers so narrow that no channel can exceed the threshold: silence there says nothing. */
function unflaggable(layers: readonly Layer[], u: number): string {
  const narrow = layers.filter(({ channels }) => largestPossibleZ(channels) <= u);
  if (narrow.length === 0) return '';
  const names = listShort(
    narrow.map(({ name }) => visible(name, 50)),
    4,
  );
  return `Too narrow for any channel to be flagged at u = ${u} (the largest z of n channels is (n − 1)/√n): ${names}.`;
}

function outlierTable(layers: readonly Layer[]): string {
  const all = layers
    .flatMap((layer) => layer.outliers.map((outlier) => ({ name: layer.name, ...outlier })))
    .sort((a, b) => b.z - a.z);
  if (all.length === 0) return '';
  const rows = all
    .slice(0, MAX_OUTLIER_ROWS)
    .map(({ name, channel, uclc, z }) => [visible(name, 50), String(channel), figure(uclc), z.toFixed(2)]);
  const more =
    all.length > rows.length ? `\n… and ${all.length - rows.length} more (--format json lists all)` : '';
  return `${textTable(['outlier in', 'channel', 'UCLC', 'z'], rows, [false, true, true, true])}${more}`;
}

function figure(value: number | null): string {
  return value === null ? '—' : value.toPrecision(4);
}

function sections(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
