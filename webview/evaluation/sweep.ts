import type { SweepPoint, SweepReport } from '../../src/protocol/evaluation';
import { visible } from '../../src/protocol/wording';
import type { ChartGallery } from '../charts/lazy';
import { legend } from '../charts/legend';
import type { XySeries } from '../charts/xy-data';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { field, setChoices } from '../dom/field';
import { fold, type OpenMemory } from '../dom/fold';
import { showUnfinished } from '../dom/job-end';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { skippedList } from '../dom/skipped';
import { SortableTable, type Column } from '../dom/table';
import { formatCount, formatPercent, formatU, plural } from '../text/format';
import { Charts } from './report/result-section';
import { obstacle, type EvaluationState, type Part, type Post } from './state';

/** What CLP's u does to a model: ACC, ASR and RA at u = 0 … 10, or the agreement alone where there are no labels. */
export class Sweep implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly charts: Charts;
  private readonly model = h('select');
  private readonly modelField = field('sweep-model', 'Model', this.model);
  private readonly start: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'sweep-why', class: 'hint' });
  private readonly progress: ProgressView;
  private readonly outdated: HTMLElement;
  private readonly outcome = h('div');

  constructor(memory: OpenMemory, gallery: ChartGallery, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.charts = new Charts(gallery);
    const sweep = (): void => {
      post({ kind: 'sweep', path: this.model.value });
    };
    this.start = button({
      label: 'Sweep u',
      icon: 'graph',
      secondary: true,
      describedBy: 'sweep-why',
      onPress: sweep,
    });
    this.progress = new ProgressView({
      label: 'Sweeping u',
      onCancel: () => {
        post({ kind: 'cancel', job: 'sweep' });
      },
      onRetry: sweep,
    });
    this.outdated = notice(
      'warning',
      h('p', {}, 'Settings have changed since this sweep was made. Sweep again to bring it up to date.'),
    );
    this.section = section(
      { id: 'sweep', heading: 'Sweep over CLP’s u', memory },
      h(
        'p',
        {},
        'Prunes the model at u = 0, 0.5 … 10 in memory and measures each. The smaller u, the more channels go. ' +
          'With images that have no labels, the curve is how many predictions stay the same.',
      ),
      h('div', { class: 'actions add-line' }, this.modelField.element, this.start, this.why),
      this.progress.element,
      this.outdated,
      this.outcome,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { models, sweep } = state;
    if (models !== before?.models) {
      setChoices(
        this.model,
        models.map(({ path, name }) => [path, visible(name, 120)] as const),
        models.some(({ path }) => path === this.model.value) ? this.model.value : (models[0]?.path ?? ''),
      );
      this.modelField.element.hidden = models.length < 2;
    }
    const why = sweep.state === 'running' ? 'A sweep is running.' : obstacle(state);
    setText(this.why, why);
    setEnabled(this.start, why === '');
    this.outdated.hidden = !state.outdated.sweep;
    if (sweep !== before?.sweep) this.show(state);
  }

  private show({ sweep }: EvaluationState): void {
    this.progress.update(sweep.state === 'running' ? sweep : null);
    if (sweep.state === 'running') return;
    this.charts.clear();
    this.outcome.replaceChildren();
    switch (sweep.state) {
      case 'idle':
        return;
      case 'cancelled':
      case 'failed':
        showUnfinished(this.outcome, this.announcer, 'sweep', 'sweep', sweep);
        return;
      case 'done':
        fill(this.outcome, ...sweepContent(sweep.result, this.charts));
        this.announcer.say(
          'sweep',
          `The sweep over ${plural(sweep.result.points.length, 'value')} of u is done.`,
        );
    }
  }
}

function sweepContent(report: SweepReport, charts: Charts): (HTMLElement | null)[] {
  const { points, original } = report;
  const series = seriesOf(report);
  const was = [
    ...(original.acc === null ? [] : [`ACC ${formatPercent(original.acc)}`]),
    ...original.attacks.flatMap(({ name, asr, ra }) => [
      `ASR ${formatPercent(asr)}, RA ${formatPercent(ra)} with ${visible(name, 40)}`,
    ]),
  ];
  return [
    h(
      'p',
      { class: 'spaced' },
      nameOf(report.path),
      was.length === 0 ? '.' : ` as it is: ${was.join('; ')}.`,
      ` ${plural(report.data.used, 'image')}, run on ${visible(report.device)}.`,
    ),
    report.complete
      ? null
      : notice(
          'warning',
          h('p', {}, h('strong', {}, 'Incomplete. '), 'Not everything that should have been measured was.'),
        ),
    ...report.warnings.map((warning) => notice('warning', h('p', {}, visible(warning)))),
    charts.xy(
      {
        x: { label: 'u', min: points[0]?.u ?? 0, max: points.at(-1)?.u ?? 10, format: String },
        y: { label: '%', min: 0, max: 100 },
        series,
        format: ({ y }) => formatPercent(y),
      },
      inWords(report),
      'chart-wide chart-tall',
    ),
    legend(series),
    fold('Sweep as a table', sweepTable(report)),
    skippedList(report.skipped),
  ];
}

/** One curve a measure; the dashes differ as the marks do. */
function seriesOf({ points, attacks }: SweepReport): XySeries[] {
  const curve = (
    name: string,
    mark: number,
    dash: readonly number[],
    value: (point: SweepPoint) => number | null | undefined,
  ): XySeries => ({
    name,
    mark,
    dash,
    size: 3,
    points: points.flatMap((point) => {
      const y = value(point) ?? null;
      return y === null ? [] : [{ x: point.u, y, title: atU(point) }];
    }),
  });
  const several = attacks.length > 1;
  const labelled = points.some(({ acc }) => acc !== null);
  return [
    ...(labelled
      ? [curve('ACC', 0, [], ({ acc }) => acc)]
      : [curve('Agreement with the model as it is', 0, [], ({ agreement }) => agreement)]),
    ...attacks.flatMap(({ name }, at) => {
      const of = several ? ` · ${visible(name, 40)}` : '';
      const result = (point: SweepPoint) => point.attacks.find((attack) => attack.name === name);
      return [
        curve(`ASR${of}`, 1 + 2 * at, [6, 3], (point) => result(point)?.asr),
        curve(`RA${of}`, 2 + 2 * at, [2, 3], (point) => result(point)?.ra),
      ];
    }),
  ];
}

function atU({ u, channels }: SweepPoint): string {
  return `u = ${formatU(u)}, ${plural(channels, 'channel')} pruned`;
}

function inWords({ points }: SweepReport): string {
  const said = points
    .filter(({ u }) => Number.isInteger(u))
    .map((point) => {
      const rates = [
        point.acc === null
          ? `agreement ${formatPercent(point.agreement)}`
          : `ACC ${formatPercent(point.acc)}`,
        ...point.attacks.map(
          ({ name, asr, ra }) => `${visible(name, 40)} ASR ${formatPercent(asr)} RA ${formatPercent(ra)}`,
        ),
      ];
      return `${atU(point)}: ${rates.join(', ')}.`;
    });
  return `Curves over u. ${said.join(' ')}`;
}

function sweepTable({ points, attacks }: SweepReport): HTMLElement {
  const percent = (
    id: string,
    label: string,
    value: (point: SweepPoint) => number | null,
  ): Column<SweepPoint> => ({
    id,
    label,
    numeric: true,
    value,
    cell: (point) => {
      const rate = value(point);
      return rate === null ? '–' : formatPercent(rate);
    },
  });
  const result = (point: SweepPoint, name: string) => point.attacks.find((attack) => attack.name === name);
  const table = new SortableTable<SweepPoint>({
    caption: 'Sweep over u',
    empty: 'Nothing was swept.',
    columns: [
      { id: 'u', label: 'u', numeric: true, value: ({ u }) => u, cell: ({ u }) => formatU(u) },
      {
        id: 'channels',
        label: 'Pruned',
        numeric: true,
        value: ({ channels }) => channels,
        cell: ({ channels }) => formatCount(channels),
      },
      ...(points.some(({ acc }) => acc !== null) ? [percent('acc', 'ACC', ({ acc }) => acc)] : []),
      percent('agreement', 'Agreement', ({ agreement }) => agreement),
      ...attacks.flatMap(({ name }) => [
        percent(`asr-${name}`, `ASR ${visible(name, 40)}`, (point) => result(point, name)?.asr ?? null),
        percent(`ra-${name}`, `RA ${visible(name, 40)}`, (point) => result(point, name)?.ra ?? null),
      ]),
    ],
  });
  table.update(points);
  return table.element;
}
