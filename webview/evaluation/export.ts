import {
  REPORT_FORMATS,
  type EvaluationExportState,
  type ReportFormat,
} from '../../src/protocol/evaluation-panel';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { h } from '../dom/element';
import { ExportOutcome } from '../dom/export-outcome';
import type { OpenMemory } from '../dom/fold';
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
  private readonly outcome: ExportOutcome<Extract<EvaluationExportState, { state: 'done' }>>;

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    const cancel = (): void => {
      post({ kind: 'cancel', job: 'export' });
    };
    this.outcome = new ExportOutcome({
      what: 'the report',
      announcer,
      onCancel: cancel,
      onRetry: cancel,
      wrote: () => 'Wrote',
      actions: () => [
        button({
          label: 'Open report',
          onPress: () => {
            post({ kind: 'openExported' });
          },
        }),
      ],
    });
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
      this.outcome.element,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    this.element.hidden = reportOf(state) === null;
    if (state.export !== before?.export) this.outcome.show(state.export);
  }
}
