import type { ExportState, FromAuditPanel } from '../../src/protocol/audit';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { h, setText } from '../dom/element';
import { ExportOutcome } from '../dom/export-outcome';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import type { AuditAtU } from '../scan/at-u';
import { formatU, plural } from '../text/format';
import type { AuditState, Part } from './state';
import { trustNotice } from './trust';

/** Writes the pruned model to a new file, opens it, compares it. */
export class Export implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly prune: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'export-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly outcome: ExportOutcome<Extract<ExportState, { state: 'done' }>>;
  private readonly stale = h('p', { class: 'hint' });
  private u = 0;

  constructor(memory: OpenMemory, announcer: Announcer, post: (message: FromAuditPanel) => void) {
    const start = (): void => {
      post({ kind: 'export', u: this.u });
    };
    this.prune = button({
      label: 'Export pruned model…',
      icon: 'save',
      describedBy: 'export-why',
      onPress: start,
    });
    this.trust = trustNotice('export-trust', 'Writing a pruned model', post);
    this.outcome = new ExportOutcome({
      what: 'the pruned model',
      announcer,
      onCancel: () => {
        post({ kind: 'cancel', job: 'export' });
      },
      onRetry: start,
      wrote: ({ u, result }) => `Pruned ${plural(result.channels, 'channel')} at u = ${formatU(u)} and wrote`,
      notes: ({ result }) => result.notes,
      actions: () => [
        button({
          label: 'Open exported model',
          onPress: () => {
            post({ kind: 'openExported' });
          },
        }),
        button({
          label: 'Compare with exported',
          secondary: true,
          onPress: () => {
            post({ kind: 'compare', withExported: true });
          },
        }),
      ],
    });
    this.section = section(
      { id: 'export', heading: 'Export and compare', memory },
      h(
        'p',
        {},
        'The pruned model is written to a new file with its provenance in the metadata. This file is never changed.',
      ),
      this.trust,
      h(
        'div',
        { class: 'actions' },
        this.prune,
        button({
          label: 'Compare with another model…',
          icon: 'compare',
          secondary: true,
          onPress: () => {
            post({ kind: 'compare', withExported: false });
          },
        }),
        this.why,
      ),
      this.outcome.element,
      this.stale,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void {
    this.u = state.u;
    this.element.hidden = view === null;
    if (view === null) return;
    const trusted = state.file?.trusted === true;
    this.trust.hidden = trusted || state.file === null;
    const why = !trusted
      ? 'Disabled: the workspace is not trusted.'
      : state.export.state === 'running'
        ? 'An export is running.'
        : view.scored.length === 0
          ? 'CLP is not applicable: there is nothing to prune.'
          : view.outliers === 0
            ? 'No channel lies above the threshold at this u: there is nothing to prune.'
            : '';
    setText(this.why, why);
    setEnabled(this.prune, why === '');
    if (state.export !== before?.export) this.outcome.show(state.export);
    const old = state.export.state === 'done' && state.export.u !== state.u ? state.export.u : null;
    this.stale.hidden = old === null;
    setText(
      this.stale,
      old === null
        ? ''
        : `The exported model was pruned at u = ${formatU(old)}; u is now ${formatU(state.u)}.`,
    );
  }
}
