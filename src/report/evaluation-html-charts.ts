import type { Embedding, EvaluationReport, SweepPoint, Tac } from '../protocol/evaluation';
import { DEFAULT_U, outliersAt } from '../protocol/threshold';
import { targetClass } from '../protocol/target';
import { className } from './evaluation-figures';
import { percentLines, scatter, type Line, type Mark } from './html/charts';
import { element, section, type Markup } from './html/markup';

/** Deep nets have a hundred layers and more; the reader is shown those that the trigger changes most. */
const MAX_LAYERS = 24;

/** UCLC against TAC, a mark a channel, a chart a layer. */
export function changeFigures({ models }: EvaluationReport, names: readonly string[]): Markup {
  return element(
    'div',
    {},
    element(
      'p',
      { class: 'dim' },
      key('plain', 'channel'),
      key('outlier', `above CLP’s threshold at u = ${DEFAULT_U}`),
    ),
    models.flatMap((model, i) => model.tac.map((tac) => tacFigures(tac, names[i]!))),
  );
}

/** The embeddings, with a heading of their own: their figures are points, which no table would make plainer. */
export function embeddingFigures(report: EvaluationReport, names: readonly string[]): Markup {
  return section(
    'Penultimate features in the plane (UMAP)',
    element(
      'p',
      { class: 'dim' },
      'Only neighbourhoods mean something; axes, distances and sizes of groups do not.',
      key('plain', 'without the trigger'),
      key('triggered', 'with the trigger'),
      key('hit', 'with the trigger, predicted as the target'),
    ),
    element(
      'div',
      { class: 'charts' },
      report.models.flatMap((model, i) =>
        model.embeddings.map((embedding) => embeddingFigure(report, embedding, names[i]!)),
      ),
    ),
  );
}

function tacFigures(tac: Tac, name: string): Markup[] {
  const strongest = (layer: Tac['layers'][number]): number =>
    layer.tac.reduce<number>((most, change) => Math.max(most, Math.abs(change ?? 0)), 0);
  const shown = new Set([...tac.layers].sort((a, b) => strongest(b) - strongest(a)).slice(0, MAX_LAYERS));
  const figures = tac.layers
    .filter((layer) => shown.has(layer))
    .map((layer) => {
      const outliers = new Set(outliersAt(layer, DEFAULT_U).map(({ channel }) => channel));
      const marks = layer.tac.flatMap((change, channel): Mark[] => {
        const uclc = layer.uclc[channel] ?? null;
        if (change === null || uclc === null) return [];
        const kind = outliers.has(channel) ? 'outlier' : 'plain';
        const title = `channel ${channel}: UCLC ${uclc.toPrecision(4)}, TAC ${change.toPrecision(4)}`;
        return [{ x: uclc, y: change, kind, title }];
      });
      return element(
        'figure',
        {},
        scatter(`UCLC against TAC in ${layer.name}`, marks, { x: 'UCLC', y: 'TAC' }),
        element('figcaption', {}, layer.name),
      );
    });
  const left = tac.layers.length - figures.length;
  return [
    element('h3', {}, `${name}, ${tac.attack}`),
    element('div', { class: 'charts' }, figures),
    ...(left > 0 ? [element('p', { class: 'dim' }, `${left} layers that change less are left out.`)] : []),
  ];
}

function embeddingFigure(report: EvaluationReport, { attack, points }: Embedding, name: string): Markup {
  const marks = points.map(({ x, y, triggered, label, predicted }): Mark => {
    const { target, classes } = report;
    const wanted = target === null ? null : targetClass(target, label, classes?.length ?? 1);
    const isHit = triggered && predicted !== null && predicted === wanted;
    return {
      x,
      y,
      kind: isHit ? 'hit' : triggered ? 'triggered' : 'plain',
      title: `${className(report, label)}${triggered ? ' with the trigger' : ''}, predicted ${className(report, predicted)}`,
    };
  });
  return element(
    'figure',
    { class: 'wide' },
    scatter(`Features of ${name} under ${attack}`, marks, null),
    element('figcaption', {}, `${name}, ${attack}`),
  );
}

function key(kind: string, meaning: string): Markup[] {
  return [element('span', { class: `key ${kind}` }), element('span', {}, meaning)];
}

/** ACC, agreement, ASR and RA over u. */
export function sweepFigure(sweep: readonly SweepPoint[], name: string): Markup {
  const attacks = sweep[0]!.attacks.map((attack) => attack.name);
  const lines = [
    {
      name: 'ACC',
      style: 0,
      points: sweep.flatMap(({ u, acc }) => (acc === null ? [] : [[u, acc] as const])),
    },
    { name: 'Agreement', style: 1, points: sweep.map(({ u, agreement }) => [u, agreement] as const) },
    ...attacks.flatMap((attack, a): Line[] => [
      {
        name: `ASR ${attack}`,
        style: 2 + 2 * (a % 3),
        points: sweep.map(({ u, attacks: all }) => [u, all[a]!.asr]),
      },
      {
        name: `RA ${attack}`,
        style: 3 + 2 * (a % 3),
        points: sweep.map(({ u, attacks: all }) => [u, all[a]!.ra]),
      },
    ]),
  ].filter(({ points }: Line) => points.length > 0);
  return element(
    'figure',
    { class: 'wide' },
    percentLines(`ACC, ASR and RA of ${name} over u`, lines, 'u'),
    element(
      'figcaption',
      {},
      'ACC green, agreement dotted grey, ASR orange, RA blue; further triggers dashed. Figures below.',
    ),
  );
}
