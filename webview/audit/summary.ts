import { runsCode, safetyConcern } from '../../src/protocol/file-safety';
import type { Finding } from '../../src/protocol/findings';
import { LEVELS } from '../../src/protocol/findings';
import { fill, h, setText } from '../dom/element';
import { levelMark, notice } from '../dom/notice';
import { nameOf } from '../dom/name';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { SortableTable } from '../dom/table';
import type { AuditAtU } from '../scan/at-u';
import * as sentences from '../text/summary';
import { visible } from '../../src/protocol/wording';
import { auditOf, type AuditState, type Part } from './state';

/** What the scan says in words, its limits, and the findings about the file. */
export class Summary implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly danger = h('div');
  private readonly result = h('p', { class: 'lead' });
  private readonly untested = h('p');
  private readonly caveats = h('div');

  constructor(memory: OpenMemory) {
    this.section = section(
      { id: 'summary', heading: 'Summary', memory },
      this.danger,
      this.result,
      this.untested,
      this.caveats,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void {
    const audit = auditOf(state);
    this.element.hidden = audit === null;
    if (audit === null || view === null) return;
    const { applicable } = audit.report;
    setText(this.result, applicable ? sentences.scored(view) : sentences.NOT_APPLICABLE[0]);
    const untested = sentences.untested(view);
    this.untested.hidden = untested === null;
    setText(this.untested, untested ?? '');
    if (state.scan === before?.scan) return;
    const danger = runsCode(audit.report.findings);
    fill(this.danger, ...(danger === null ? [] : [notice('error', h('p', {}, danger))]));
    if (applicable) {
      fill(
        this.caveats,
        notice('note', h('p', {}, sentences.OUTLIERS_PROVE_NOTHING), h('p', {}, sentences.CLP_LIMITS)),
      );
    } else {
      fill(this.caveats, notice('note', h('p', {}, sentences.NOT_APPLICABLE[1])));
    }
  }
}

/** Findings beside those that the section on file safety shows, gravest first. */
export class Findings implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly table: SortableTable<Finding>;

  constructor(memory: OpenMemory) {
    this.table = new SortableTable<Finding>({
      caption: 'Findings',
      empty: 'The scan noted nothing else about this file.',
      sort: { column: 'level', direction: 'descending' },
      columns: [
        {
          id: 'level',
          label: 'Level',
          numeric: false,
          value: ({ level }) => LEVELS.indexOf(level),
          cell: ({ level }) => levelMark(level),
        },
        {
          id: 'message',
          label: 'Finding',
          value: ({ message }) => message,
          cell: ({ message }) => visible(message),
        },
        {
          id: 'tensor',
          label: 'Tensor',
          value: ({ tensor }) => tensor ?? null,
          cell: ({ tensor }) => (tensor === undefined ? '–' : nameOf(tensor)),
        },
        { id: 'id', label: 'Rule', value: ({ id }) => id, cell: ({ id }) => h('code', {}, visible(id)) },
      ],
    });
    this.section = section({ id: 'findings', heading: 'Findings', memory }, this.table.element);
    this.element = this.section.element;
  }

  update(state: AuditState, _view: unknown, before: AuditState | null): void {
    if (state.scan === before?.scan) return;
    const all = auditOf(state)?.report.findings ?? [];
    const findings = all.filter((finding) => safetyConcern(finding) === null);
    this.element.hidden = findings.length === 0;
    setText(this.section.aside, String(findings.length));
    this.table.update(findings);
  }
}
