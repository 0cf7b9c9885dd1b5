import type { ExportState, FromAuditPanel } from '../../src/protocol/audit';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { copyButton } from '../dom/copy';
import { fill, h, setText } from '../dom/element';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import type { AuditAtU } from '../scan/at-u';
import { formatU, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';
import type { AuditState, Part } from './state';
import { trustNotice } from './trust';

/** Writes the pruned model to a new file, opens it, compares it. */
export class Export implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly post: (message: FromAuditPanel) => void;
  private readonly announcer: Announcer;
  private readonly prune: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'export-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private readonly stale = h('p', { class: 'hint' });
  private u = 0;

  constructor(memory: OpenMemory, announcer: Announcer, post: (message: FromAuditPanel) => void) {
    this.post = post;
    this.announcer = announcer;
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
    this.progress = new ProgressView({
      label: 'Exporting the pruned model',
      onCancel: () => {
        post({ kind: 'cancel', job: 'export' });
      },
      onRetry: start,
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
      this.progress.element,
      this.outcome,
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
    if (state.export !== before?.export) this.show(state.export);
    const old = state.export.state === 'done' && state.export.u !== state.u ? state.export.u : null;
    this.stale.hidden = old === null;
    setText(
      this.stale,
      old === null
        ? ''
        : `The exported model was pruned at u = ${formatU(old)}; u is now ${formatU(state.u)}.`,
    );
  }

  private show(state: ExportState): void {
    this.progress.update(state.state === 'running' ? state : null);
    this.outcome.replaceChildren();
    switch (state.state) {
      case 'idle':
        return;
      case 'running':
        this.announcer.say('export', 'Exporting the pruned model.');
        return;
      case 'cancelled':
        fill(this.outcome, notice('note', h('p', {}, 'The export was cancelled; no file was written.')));
        this.announcer.say('export', 'The export was cancelled.');
        return;
      case 'failed': {
        const message = visible(state.error.message);
        fill(this.outcome, notice('error', h('p', {}, h('strong', {}, 'The export failed. '), message)));
        this.announcer.say('export', `The export failed. ${message}`);
        return;
      }
      case 'done': {
        const { output, sha256, channels, notes } = state.result;
        const wrote = `Pruned ${plural(channels, 'channel')} at u = ${formatU(state.u)} and wrote`;
        fill(
          this.outcome,
          notice(
            'note',
            h('p', {}, `${wrote} `, nameOf(output)),
            h(
              'p',
              {},
              'SHA-256 ',
              h('code', { class: 'hash' }, visible(sha256)),
              copyButton('SHA-256 of the exported model', sha256, this.announcer),
            ),
            ...notes.map((note) => h('p', {}, visible(note))),
            h(
              'div',
              { class: 'actions' },
              button({
                label: 'Open exported model',
                onPress: () => {
                  this.post({ kind: 'openExported' });
                },
              }),
              button({
                label: 'Compare with exported',
                secondary: true,
                onPress: () => {
                  this.post({ kind: 'compare', withExported: true });
                },
              }),
            ),
          ),
        );
        this.announcer.say('export', `${wrote} ${visible(output)}.`);
        return;
      }
    }
  }
}
