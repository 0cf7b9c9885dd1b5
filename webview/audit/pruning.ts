import type { FromAuditPanel, PreviewState } from '../../src/protocol/audit';
import type { ChartGallery } from '../charts/lazy';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { fold, rememberOpen, type OpenMemory } from '../dom/fold';
import { showUnfinished } from '../dom/job-end';
import { section, type Section } from '../dom/section';
import { SortableTable } from '../dom/table';
import type { AuditAtU, LayerAtU } from '../scan/at-u';
import { formatCount, formatPercent, formatU, plural } from '../text/format';
import { AgreementView } from './agreement';
import { PreprocessingForm } from './preprocessing';
import type { AuditState, Part } from './state';
import { trustNotice } from './trust';

/** Most channel numbers listed for one layer. */
const MOST_LISTED = 24;

/** What pruning at the present u would do: which channels, and how predictions would change. */
export class Pruning implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly gallery: ChartGallery;
  private readonly effect = h('p');
  private readonly table: SortableTable<LayerAtU>;
  private readonly layers: HTMLDetailsElement;
  private readonly source = h('p', { class: 'source' });
  private readonly forget: HTMLElement;
  private readonly preview: ReturnType<typeof button>;
  private readonly choose: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'preview-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly form: PreprocessingForm;
  private readonly progress: ProgressView;
  private readonly stale = h('div');
  private readonly outcome = h('div');
  private agreement: AgreementView | null = null;
  private u = 0;

  constructor(
    memory: OpenMemory,
    gallery: ChartGallery,
    announcer: Announcer,
    post: (message: FromAuditPanel) => void,
  ) {
    this.announcer = announcer;
    this.gallery = gallery;
    this.table = prunedLayersTable();
    this.layers = fold('Channels that would be set to zero, by layer', this.table.element);
    rememberOpen(this.layers, 'pruned-layers', memory, false);
    const start = (): void => {
      post({ kind: 'preview', u: this.u });
    };
    this.preview = button({
      label: 'Preview effect',
      icon: 'beaker',
      describedBy: 'preview-why',
      onPress: start,
    });
    this.choose = button({
      label: 'Choose image folder…',
      icon: 'folder',
      secondary: true,
      onPress: () => {
        post({ kind: 'chooseImages' });
      },
    });
    this.forget = button({
      label: 'Use random inputs',
      secondary: true,
      onPress: () => {
        post({ kind: 'forgetImages' });
      },
    });
    this.form = new PreprocessingForm((options) => {
      post({ kind: 'preprocessing', options });
    });
    this.progress = new ProgressView({
      label: 'Measuring the effect of pruning',
      onCancel: () => {
        post({ kind: 'cancel', job: 'preview' });
      },
      onRetry: start,
    });
    this.trust = trustNotice('preview-trust', 'Running the model', post);
    this.section = section(
      { id: 'pruning', heading: 'What pruning would do', memory },
      this.effect,
      this.layers,
      this.source,
      this.form.element,
      this.trust,
      h('div', { class: 'actions' }, this.preview, this.choose, this.forget, this.why),
      this.progress.element,
      this.stale,
      this.outcome,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void {
    this.u = state.u;
    this.element.hidden = view === null || view.scored.length === 0;
    if (view === null) return;
    setText(this.effect, effectOf(view));
    setText(this.section.aside, plural(view.outliers, 'channel'));
    this.layers.hidden = view.outliers === 0;
    this.table.update(view.scored.filter(({ outliers }) => outliers.length > 0));
    this.enable(state, view);
    if (state.preview !== before?.preview) this.show(state.preview);
    if (state.images !== before?.images || state.preprocessing !== before.preprocessing) this.inputs(state);
    const { preview } = state;
    const old = preview.state === 'done' && preview.u !== state.u ? preview.u : null;
    if (old === null) this.stale.replaceChildren();
    else if (this.stale.childElementCount === 0 || state.u !== before?.u) {
      fill(
        this.stale,
        notice(
          'warning',
          h(
            'p',
            {},
            `Out of date: measured at u = ${formatU(old)}, and u is now ${formatU(state.u)}. Preview again.`,
          ),
        ),
      );
    }
    this.outcome.classList.toggle('is-stale', old !== null);
  }

  private enable(state: AuditState, view: AuditAtU): void {
    const trusted = state.file?.trusted === true;
    const running = state.preview.state === 'running';
    this.trust.hidden = trusted || state.file === null;
    const why = !trusted
      ? 'Disabled: the workspace is not trusted.'
      : running
        ? 'A preview is running.'
        : view.outliers === 0
          ? 'Nothing would be pruned at this u.'
          : isRunnable(state)
            ? ''
            : 'A checkpoint holds weights but no graph, so it cannot be run. Export the model to ONNX to preview.';
    setText(this.why, why);
    setEnabled(this.preview, why === '');
    setEnabled(this.choose, !running && isRunnable(state));
  }

  private inputs({ images, preprocessing }: AuditState): void {
    if (images === null) fill(this.source, 'Inputs: random noise. Real images tell much more.');
    else fill(this.source, 'Inputs: images in ', nameOf(images));
    this.forget.hidden = images === null;
    this.form.update(preprocessing);
  }

  private show(preview: PreviewState): void {
    this.progress.update(preview.state === 'running' ? preview : null);
    this.agreement?.remove();
    this.agreement = null;
    this.outcome.replaceChildren();
    switch (preview.state) {
      case 'idle':
        return;
      case 'running':
        this.announcer.say('preview', 'Measuring the effect of pruning.');
        return;
      case 'cancelled':
      case 'failed':
        showUnfinished(this.outcome, this.announcer, 'preview', 'preview', preview);
        return;
      case 'done': {
        const { agreement, n } = preview.result;
        this.agreement = new AgreementView(preview.result, this.gallery);
        fill(
          this.outcome,
          h('p', { class: 'hint' }, `Measured at u = ${formatU(preview.u)}.`),
          this.agreement.element,
        );
        this.announcer.say(
          'preview',
          `${formatPercent(agreement)} of predictions stay the same on ${plural(n, 'input')}.`,
        );
        return;
      }
    }
  }
}

function effectOf(view: AuditAtU): string {
  if (view.outliers === 0) return `At u = ${formatU(view.u)} nothing would be pruned.`;
  return (
    `At u = ${formatU(view.u)}, pruning sets ${plural(view.outliers, 'channel')} of ${formatCount(view.channels)} to zero, ` +
    `in ${plural(view.layersWithOutliers, 'layer')}.`
  );
}

function prunedLayersTable(): SortableTable<LayerAtU> {
  return new SortableTable<LayerAtU>({
    caption: 'Channels that would be set to zero, by layer',
    empty: 'Nothing would be pruned at this u.',
    columns: [
      {
        id: 'name',
        label: 'Layer',
        value: ({ layer }) => layer.name,
        cell: ({ layer }) => nameOf(layer.name),
      },
      {
        id: 'pruned',
        label: 'Pruned',
        numeric: true,
        value: ({ outliers }) => outliers.length,
        cell: ({ outliers }) => formatCount(outliers.length),
      },
      {
        id: 'of',
        label: 'Of',
        numeric: true,
        value: ({ layer }) => layer.channels,
        cell: ({ layer }) => formatCount(layer.channels),
      },
      {
        id: 'share',
        label: 'Share',
        numeric: true,
        value: ({ layer, outliers }) => outliers.length / layer.channels,
        cell: ({ layer, outliers }) => formatPercent((100 * outliers.length) / layer.channels),
      },
      {
        id: 'channels',
        label: 'Channels',
        value: ({ outliers }) => outliers[0]?.channel ?? null,
        cell: ({ outliers }) => {
          const listed = outliers.slice(0, MOST_LISTED).map(({ channel }) => channel);
          const left = outliers.length - listed.length;
          return `${listed.join(', ')}${left > 0 ? ` and ${plural(left, 'more', 'more')}` : ''}`;
        },
      },
    ],
  });
}

/** ONNX files say how their weights are used; of others it must have been recognised. */
function isRunnable({ scan }: AuditState): boolean {
  if (scan.state !== 'done') return true;
  const { format, architecture } = scan.audit.report.model;
  return format === 'onnx' || architecture !== undefined;
}
