import type { CleanseReport, Monitored } from '../protocol/cleanse';
import { count, listShort, visible } from '../protocol/wording';
import { textTable } from './table';

const MAX_EPOCH_ROWS = 20;

/** What cleansing did, for a terminal. It says what was measured, and never that a model is free of a backdoor. */
export function cleanseText(report: CleanseReport): string {
  const { data, settings, clp } = report;
  const parts = [
    `${visible(report.output)}\nSHA-256 ${report.sha256}`,
    [
      `Distilled from ${visible(report.input)} with ${count(data.images, 'unlabeled image')} of ${visible(data.folder)}.`,
      `${(100 * report.redrawn).toFixed(1)} % of the weights were re-drawn first (seed ${settings.seed}).`,
      clp === null
        ? 'No channel was pruned.'
        : `CLP at u = ${clp.u} pruned ${count(clp.channels, 'channel')} in ${count(clp.layers.length, 'layer')}; they were held at zero.`,
      `Batch ${settings.batchSize}, learning rate ${settings.rate}, ${settings.labels} labels, on ${report.devices.student}.`,
    ].join('\n'),
    stageTable(report),
    epochTable(report),
    monitorTable(report),
    ...(report.status === 'diverged'
      ? [`Training diverged in epoch ${report.history.length + 1}: the output holds epoch ${report.epoch}.`]
      : []),
    ...(data.skipped.length > 0
      ? [
          `Left out: ${count(data.skipped.length, 'file')} (${listShort(
            data.skipped.map(({ path }) => visible(path, 60)),
            3,
          )})`,
        ]
      : []),
    [
      `The student agrees with its teacher on ${report.agreement.toFixed(2)} % of these images.`,
      // Said below where nothing was watched.
      ...(report.monitoring === null && report.guidance !== undefined
        ? []
        : [
            'That is no measure of safety: a student that comes closer to its teacher can learn the backdoor back.',
          ]),
    ].join('\n'),
    ...guidanceText(report),
    [
      'Where triggered images or a suspected trigger are at hand, `scour evaluate` says what is left of the backdoor.',
    ].join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** What was seen, and what to change. */
function guidanceText({ guidance }: CleanseReport): string[] {
  if (guidance === undefined) return [];
  const { seen, change, warns } = guidance;
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [[title, ...lines.map((line) => `- ${line}`)].join('\n')];
  return [
    ...list('What was seen:', seen),
    ...list(
      `What to change${warns ? '' : ' if a trigger still works'} (--clp-u, --ratios, --epochs, --samples, --lr):`,
      change,
    ),
  ];
}

function stageTable({ stages }: CleanseReport): string {
  const rows = stages.map(({ name, layers }) => {
    const ratios = layers.map(({ ratio }) => ratio);
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
    return [
      name,
      String(layers.length),
      layers.reduce((sum, { weights }) => sum + weights, 0).toLocaleString('en-US'),
      least === most ? String(least) : `${least} … ${most}`,
    ];
  });
  return textTable(['stage', 'layers', 'weights', 're-drawn'], rows, [false, true, true, true]);
}

/** ACC, ASR and RA before the training and of the student that was written. */
function monitorTable({ monitoring, history, epoch }: CleanseReport): string {
  const after = history.find((each) => each.epoch === epoch)?.monitored;
  if (monitoring === null || after === undefined) return '';
  const { teacher, student } = monitoring.before;
  const percent = (value: number | null): string => (value === null ? '' : `${value.toFixed(1)} %`);
  const row = (name: string, { acc, attacks }: Monitored): string[] => [
    name,
    percent(acc),
    ...attacks.flatMap(({ asr, ra }) => [percent(asr), percent(ra)]),
  ];
  const header = [
    'watched',
    'ACC',
    ...monitoring.attacks.flatMap(({ name }) => [`ASR ${name}`, `RA ${name}`]),
  ];
  return textTable(
    header,
    [row('teacher', teacher), row('re-initialised', student), row(`epoch ${epoch}`, after)],
    header.map((_, i) => i > 0),
  );
}

/** All epochs, or of many a selection that holds the first and the last. */
function epochTable({ history }: CleanseReport): string {
  if (history.length === 0) return '';
  const every = Math.ceil(history.length / MAX_EPOCH_ROWS);
  const rows = history
    .filter(({ epoch }, i) => i === 0 || i === history.length - 1 || epoch % every === 0)
    .map(({ epoch, loss, temperature, agreement, seconds }) => [
      String(epoch),
      loss.toPrecision(4),
      temperature.toFixed(2),
      `${agreement.toFixed(1)} %`,
      seconds.toFixed(1),
    ]);
  return textTable(['epoch', 'loss', 'T', 'agreement', 'seconds'], rows, [true, true, true, true, true]);
}
