import type { Tac } from '../../../src/protocol/evaluation';
import { DEFAULT_U, outliersAt, thresholdAt } from '../../../src/protocol/threshold';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { nameOf } from '../../dom/name';
import { SortableTable } from '../../dom/table';
import { rankCorrelation } from '../../text/correlation';
import { formatStatistic, formatZ, plural } from '../../text/format';
import { visible } from '../../../src/protocol/wording';
import type { Charts, ResultSpec } from './result-section';
import { modelNames, modelOf } from './view';

type TacLayer = Tac['layers'][number];
interface Channel {
  readonly layer: string;
  readonly channel: number;
  readonly uclc: number;
  readonly tac: number;
  readonly z: number | null;
  readonly outlier: boolean;
}

/** Each channel's UCLC against what the trigger does to it: the evidence behind CLP. */
export const tacSpec: ResultSpec = {
  id: 'tac',
  heading: 'Trigger-activated change against UCLC',
  label: 'TAC',
  dependsOn: ['model', 'attack'],
  build: (view, charts) => {
    const tac = modelOf(view)?.tac.find(({ attack }) => attack === view.attack);
    if (tac === undefined || tac.layers.length === 0) return null;
    const layers = tac.layers.map((layer) => ({ layer, channels: channelsOf(layer) }));
    return {
      aside: `${modelNames(view.report)[view.model] ?? ''}, ${plural(tac.layers.length, 'layer')}`,
      children: [
        h(
          'p',
          {},
          'TAC is a channel’s mean activation with the trigger minus without. CLP rests on channels that the trigger ' +
            'drives (high TAC) being those of large UCLC: where that holds, they lie at the top right, beyond the threshold.',
        ),
        h(
          'p',
          { class: 'hint' },
          `Means over ${plural(tac.images, 'image')}${tac.paired ? ', the same with and without the trigger' : ''}. ` +
            `Triangles and the line: UCLC above mean + ${DEFAULT_U}·std of the layer. ρ is Spearman’s rank correlation.`,
        ),
        fold('Channels as a table', channelTable(layers.flatMap(({ channels }) => channels))),
        h(
          'div',
          { class: 'grid' },
          ...layers.map(({ layer, channels }, at) => card(layer, channels, at, charts)),
        ),
      ],
    };
  },
};

function channelsOf(layer: TacLayer): Channel[] {
  const { name, uclc, tac, mean, std } = layer;
  const outliers = new Set(outliersAt({ mean, std, uclc }, DEFAULT_U).map(({ channel }) => channel));
  return uclc.flatMap((value, channel) => {
    const change = tac[channel] ?? null;
    if (value === null || change === null) return [];
    const z = mean === null || std === null || std === 0 ? null : (value - mean) / std;
    return [{ layer: name, channel, uclc: value, tac: change, z, outlier: outliers.has(channel) }];
  });
}

function card(layer: TacLayer, channels: readonly Channel[], at: number, charts: Charts): HTMLElement {
  const rho = rankCorrelation(
    channels.map(({ uclc }) => uclc),
    channels.map(({ tac }) => tac),
  );
  const points = (outlier: boolean) =>
    channels
      .filter((channel) => channel.outlier === outlier)
      .map(({ uclc, tac, channel }) => ({ x: uclc, y: tac, title: `Channel ${channel}` }));
  const threshold = thresholdAt(layer, DEFAULT_U);
  const headingId = `tac-${at}`;
  return h(
    'article',
    { class: 'card', attributes: { 'aria-labelledby': headingId } },
    h(
      'div',
      { class: 'card-head' },
      h('h3', { id: headingId }, nameOf(layer.name)),
      rho === null ? null : h('span', { class: 'pill' }, `ρ = ${rho.toFixed(2).replace('-', '−')}`),
    ),
    charts.xy(
      {
        x: { label: 'UCLC', format: formatStatistic },
        y: { label: 'TAC', format: formatStatistic },
        series: [
          { name: 'TAC', mark: 0, dash: null, hollow: true, size: 3, points: points(false) },
          { name: 'TAC', mark: 1, dash: null, size: 4, points: points(true) },
        ],
        lines: (theme) =>
          threshold === null
            ? []
            : [
                {
                  label: `mean + ${DEFAULT_U}·std ${formatStatistic(threshold)}`,
                  value: threshold,
                  colour: theme.threshold,
                  dashed: true,
                },
              ],
        format: ({ x, y }) => `${formatStatistic(y)}, UCLC ${formatStatistic(x)}`,
      },
      inWords(layer, channels, rho),
      'chart-square',
    ),
  );
}

function inWords(layer: TacLayer, channels: readonly Channel[], rho: number | null): string {
  const top = channels.reduce<Channel | null>((a, b) => (a === null || b.tac > a.tac ? b : a), null);
  const most =
    top === null
      ? 'No channel has finite values.'
      : `Channel ${top.channel} changes most, by ${formatStatistic(top.tac)}, at UCLC ${formatStatistic(top.uclc)}${
          top.z === null ? '' : `, z-score ${formatZ(top.z)}`
        }.`;
  const correlation = rho === null ? '' : ` Rank correlation ${rho.toFixed(2)}.`;
  return `TAC against UCLC of ${plural(channels.length, 'channel')} of ${visible(layer.name, 120)}. ${most}${correlation}`;
}

function channelTable(channels: readonly Channel[]): HTMLElement {
  const table = new SortableTable<Channel>({
    caption: 'TAC and UCLC of each channel',
    empty: 'No channel has finite values.',
    sort: { column: 'tac', direction: 'descending' },
    columns: [
      { id: 'layer', label: 'Layer', value: ({ layer }) => layer, cell: ({ layer }) => nameOf(layer) },
      {
        id: 'channel',
        label: 'Channel',
        numeric: true,
        value: ({ channel }) => channel,
        cell: ({ channel }) => String(channel),
      },
      {
        id: 'tac',
        label: 'TAC',
        explanation: 'Mean activation with the trigger minus without',
        numeric: true,
        value: ({ tac }) => tac,
        cell: ({ tac }) => formatStatistic(tac),
      },
      {
        id: 'uclc',
        label: 'UCLC',
        explanation: 'Upper bound of the channel’s Lipschitz constant',
        numeric: true,
        value: ({ uclc }) => uclc,
        cell: ({ uclc }) => formatStatistic(uclc),
      },
      {
        id: 'z',
        label: 'z',
        explanation: '(UCLC − mean) / std of its layer',
        numeric: true,
        value: ({ z }) => z,
        cell: ({ z }) => (z === null ? '–' : formatZ(z)),
      },
    ],
  });
  table.update(channels);
  return table.element;
}
