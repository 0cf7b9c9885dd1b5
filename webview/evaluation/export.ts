import {
  REPORT_FORMATS,
  type EvaluationExportState,
  type ReportFormat,
} from '../../src/protocol/evaluation-panel';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { copyButton } from '../dom/copy';
import { fill, h } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { reportOf, type EvaluationState, type Part, type Post } from './state';

const NAMES: Readonly<Record<ReportFormat, string>> = {
  html: 'HTML page…',
  markdown: 'Markdown…',
  json: 'JSON…',
};

/** Writes the report to a file of the user's choice. */
export class Export implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    const cancel = (): void => {
      post({ kind: 'cancel', job: 'export' });
    };
    this.progress = new ProgressView({ label: 'Exporting the report', onCancel: cancel, onRetry: cancel });
    this.section = section(
      { id: 'export', heading: 'Export the report', memory },
      h(
        'p',
        {},
        'The HTML page holds everything, pictures included, in one file. JSON is what “scour evaluate” prints. ' +
          'A sweep that was made with the same settings goes with it.',
      ),
      h(
        'div',
        { class: 'actions' },
        ...REPORT_FORMATS.map((format) =>
          button({
            label: NAMES[format],
            icon: 'save',
            secondary: true,
            onPress: () => {
              post({ kind: 'export', format });
            },
          }),
        ),
      ),
      this.progress.element,
      this.outcome,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    this.element.hidden = reportOf(state) === null;
    if (state.export !== before?.export) this.show(state.export);
  }

  private show(state: EvaluationExportState): void {
    this.progress.update(state.state === 'running' ? state : null);
    this.outcome.replaceChildren();
    switch (state.state) {
      case 'idle':
      case 'running':
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
        const { output, sha256 } = state.result;
        fill(
          this.outcome,
          notice(
            'note',
            h('p', {}, 'Wrote ', nameOf(output)),
            h(
              'p',
              {},
              'SHA-256 ',
              h('code', { class: 'hash' }, visible(sha256)),
              copyButton('SHA-256 of the report', sha256, this.announcer),
            ),
            h(
              'div',
              { class: 'actions' },
              button({
                label: 'Open report',
                onPress: () => {
                  this.post({ kind: 'openExported' });
                },
              }),
            ),
          ),
        );
        this.announcer.say('export', `Wrote ${visible(output)}.`);
      }
    }
  }
}
