import type { StudentPreview } from '../../src/protocol/cleansing';
import type { StudentPreviewState } from '../../src/protocol/cleansing-panel';
import { AgreementView } from '../audit/agreement';
import { trustNotice } from '../audit/trust';
import type { ChartGallery } from '../charts/lazy';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { showUnfinished } from '../dom/job-end';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { SortableTable } from '../dom/table';
import { formatCount, formatPercent, plural } from '../text/format';
import { sameStart } from './draft';
import type { DraftEvents } from './ratio-editor';
import { startWords } from './start-words';
import type { Part } from './part';
import { descriptionOf, obstacle, type CleansingState, type Post } from './state';

/** The student as it would start, before any training: how far it still predicts what its teacher does. */
export class Preview implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly gallery: ChartGallery;
  private readonly announcer: Announcer;
  private readonly events: Pick<DraftEvents, 'edit'>;
  private readonly start: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'preview-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private readonly stale = h('p', { class: 'hint' });
  private readonly tableBox: HTMLElement;
  private table: SortableTable<StudentPreview>;
  private state: CleansingState | null = null;
  private view: AgreementView | null = null;
  /** The preview whose spread is shown. */
  private looked: StudentPreview | null = null;
  private readonly detail = h('div');

  constructor(
    memory: OpenMemory,
    gallery: ChartGallery,
    announcer: Announcer,
    post: Post,
    events: Pick<DraftEvents, 'edit'>,
  ) {
    this.gallery = gallery;
    this.announcer = announcer;
    this.events = events;
    const preview = (): void => {
      post({ kind: 'preview' });
    };
    this.start = button({
      label: 'Preview student',
      icon: 'beaker',
      secondary: true,
      describedBy: this.why.id,
      onPress: preview,
    });
    this.trust = trustNotice('preview-trust', 'Running the model', post);
    this.progress = new ProgressView({
      label: 'Previewing the student',
      onCancel: () => {
        post({ kind: 'cancel', job: 'preview' });
      },
      onRetry: preview,
    });
    this.table = this.previewTable();
    this.tableBox = h(
      'div',
      { class: 'spaced' },
      h('h3', {}, 'Choices previewed so far'),
      this.table.element,
    );
    this.section = section(
      { id: 'preview', heading: 'Preview', memory },
      h(
        'p',
        {},
        'Draws the student with the ratios above and compares its predictions with the teacher’s, before any training. ' +
          'Where nearly all stay the same, hardly anything was forgotten, a backdoor included. ' +
          'Where few do, more has to be learnt back. Neither says whether a backdoor is gone.',
      ),
      this.trust,
      h('div', { class: 'actions' }, this.start, this.why),
      this.progress.element,
      this.outcome,
      this.stale,
      this.detail,
      this.tableBox,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    this.state = state;
    this.element.hidden = state.history === null;
    this.trust.hidden = state.trusted;
    const why = state.preview.state === 'running' ? 'A preview is running.' : obstacle(state);
    setText(this.why, why);
    setEnabled(this.start, why === '');
    if (state.preview !== before?.preview) this.show(state.preview);
    if (state.previews !== before?.previews) {
      this.table.update(state.previews);
      this.tableBox.hidden = state.previews.length === 0;
      setText(
        this.section.aside,
        state.previews.length === 0 ? '' : plural(state.previews.length, 'preview'),
      );
    }
    this.showStale(state);
  }

  private show(preview: StudentPreviewState): void {
    this.progress.update(preview.state === 'running' ? preview : null);
    this.outcome.replaceChildren();
    switch (preview.state) {
      case 'idle':
      case 'running':
        return;
      case 'cancelled':
      case 'failed':
        showUnfinished(this.outcome, this.announcer, 'preview', 'preview', preview);
        return;
      case 'done': {
        const { agreement, n } = preview.result.agreement;
        this.look(preview.result);
        this.announcer.say(
          'preview',
          `${formatPercent(agreement)} of predictions stay the same on ${plural(n, 'image')}.`,
        );
      }
    }
  }

  /** Shows the spread of one preview over the classes. */
  private look(preview: StudentPreview): void {
    this.view?.remove();
    this.looked = preview;
    this.view = new AgreementView(preview.agreement, this.gallery, { first: 'teacher', second: 'student' });
    fill(
      this.detail,
      h('p', { class: 'hint spaced' }, `${this.words(preview)}; seed ${preview.seed}.`),
      this.view.element,
    );
  }

  private showStale(state: CleansingState): void {
    const others = this.looked === null ? [] : differences(this.looked, state);
    setText(
      this.stale,
      others.length === 0
        ? ''
        : `What is shown below was measured ${others.join(' and ')}, not as is chosen now.`,
    );
    this.detail.classList.toggle('is-stale', others.length > 0);
  }

  private words(preview: StudentPreview): string {
    return startWords(preview, this.state === null ? null : descriptionOf(this.state));
  }

  private previewTable(): SortableTable<StudentPreview> {
    const action = (label: string, preview: StudentPreview, onPress: () => void): HTMLElement => {
      const link = h(
        'button',
        { class: 'link', attributes: { type: 'button', 'aria-label': `${label}: ${this.words(preview)}` } },
        label,
      );
      link.addEventListener('click', onPress);
      return link;
    };
    return new SortableTable<StudentPreview>({
      caption: 'Previews of students',
      empty: 'Nothing has been previewed yet.',
      columns: [
        {
          id: 'start',
          label: 'Student',
          value: (preview) => this.words(preview),
          cell: (preview) => this.words(preview),
        },
        {
          id: 'agreement',
          label: 'Agreement',
          explanation: 'Share of images on which teacher and student predict the same class',
          numeric: true,
          value: ({ agreement }) => agreement.agreement,
          cell: ({ agreement }) => formatPercent(agreement.agreement),
        },
        {
          id: 'classes',
          label: 'Classes predicted',
          explanation: 'Classes that the student predicts at least once, of those that its teacher does',
          numeric: true,
          value: ({ agreement }) => predicted(agreement.pruned),
          cell: ({ agreement }) =>
            `${formatCount(predicted(agreement.pruned))} of ${formatCount(predicted(agreement.original))}`,
        },
        {
          id: 'largest',
          label: 'Largest class',
          explanation: 'Share of images that the student sends to the class it predicts most often',
          numeric: true,
          value: ({ agreement }) => largest(agreement.pruned),
          cell: ({ agreement }) => formatPercent(largest(agreement.pruned)),
        },
        {
          id: 'held',
          label: 'Channels held',
          explanation: 'Channels that CLP pruned and training would hold at zero',
          numeric: true,
          value: ({ held }) => held,
          cell: ({ held }) => formatCount(held),
        },
        {
          id: 'seed',
          label: 'Seed',
          numeric: true,
          value: ({ seed }) => seed,
          cell: ({ seed }) => String(seed),
        },
        {
          id: 'do',
          label: 'Look, use',
          value: () => null,
          cell: (preview) =>
            h(
              'span',
              { class: 'links' },
              action('Show', preview, () => {
                this.look(preview);
                if (this.state !== null) this.showStale(this.state);
              }),
              action('Use these ratios', preview, () => {
                const { ratios, clpU } = preview;
                this.events.edit(null, () => ({ ratios, preset: null, clpU }));
              }),
            ),
        },
      ],
    });
  }
}

/** How a preview was drawn otherwise than is chosen now. */
function differences(preview: StudentPreview, { history, plan }: CleansingState): string[] {
  const words: string[] = [];
  if (history !== null && !sameStart(preview, history.present)) words.push('with other ratios');
  if (plan !== null && preview.restoreNorms !== plan.training.restoreNorms)
    words.push(`${preview.restoreNorms ? 'with' : 'without'} batch norms put back`);
  return words;
}

function predicted(counts: readonly number[]): number {
  return counts.filter((count) => count > 0).length;
}

/** In percent. */
function largest(counts: readonly number[]): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return all === 0 ? 0 : (100 * counts.reduce((most, count) => Math.max(most, count), 0)) / all;
}
