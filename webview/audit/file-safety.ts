import { SAFETY_CHECKS, safetyConcern } from '../../src/protocol/file-safety';
import { LEVELS, placeOf, type Finding } from '../../src/protocol/findings';
import { visible } from '../../src/protocol/wording';
import { h, setText } from '../dom/element';
import { levelMark } from '../dom/notice';
import { nameOf } from '../dom/name';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { SortableTable } from '../dom/table';
import { auditOf, type AuditState, type Part } from './state';

/**
 * What a program that loads the file would execute, and oddities of the file as a container; of a file without any, what
 * was checked. Shown for files that could not be read to their end too: what came before the fault stands.
 */
export class FileSafety implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly unread = h('p', {
    class: 'hint',
  });
  private readonly codeChecks = h('p', { class: 'hint' });
  private readonly fileChecks = h('p', { class: 'hint' });
  private readonly code = safetyTable(
    'What loading it would execute',
    'Nothing was found that loading this file would execute.',
  );
  private readonly file = safetyTable('Findings about the container', 'Nothing odd was found.');

  constructor(memory: OpenMemory) {
    this.section = section(
      { id: 'file-safety', heading: 'File safety', memory },
      this.unread,
      h('h3', {}, 'What loading it would execute'),
      this.codeChecks,
      this.code.element,
      h('h3', {}, 'The file as a container'),
      this.fileChecks,
      this.file.element,
    );
    this.element = this.section.element;
  }

  update(state: AuditState, _view: unknown, before: AuditState | null): void {
    const { scan } = state;
    if (scan === before?.scan) return;
    const audit = auditOf(state);
    const broken = scan.state === 'failed' ? (scan.error.findings ?? []) : null;
    const findings = audit?.report.findings ?? broken ?? [];
    this.element.hidden = audit === null && findings.length === 0;
    if (this.element.hidden) return;
    const [code, file] = (['code', 'file'] as const).map((concern) =>
      findings.filter((finding) => safetyConcern(finding) === concern),
    );
    this.unread.hidden = audit !== null;
    setText(
      this.unread,
      'The file could not be read to its end. This is what was found before; there may be more.',
    );
    const checks = audit === null ? null : SAFETY_CHECKS[audit.report.model.format];
    this.codeChecks.hidden = this.fileChecks.hidden = checks === null;
    setText(this.codeChecks, checks?.code ?? '');
    setText(this.fileChecks, checks?.file ?? '');
    setText(this.section.aside, String(code!.length + file!.length));
    this.code.update(code!);
    this.file.update(file!);
  }
}

function safetyTable(caption: string, empty: string): SortableTable<Finding> {
  return new SortableTable<Finding>({
    caption,
    empty,
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
        id: 'where',
        label: 'Where',
        value: (finding) => placeOf(finding),
        cell: (finding) => {
          const place = placeOf(finding);
          return place === null ? '–' : nameOf(place);
        },
      },
      { id: 'id', label: 'Rule', value: ({ id }) => id, cell: ({ id }) => h('code', {}, visible(id)) },
    ],
  });
}
