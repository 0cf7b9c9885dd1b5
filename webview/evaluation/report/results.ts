import type { EvaluationReport } from '../../../src/protocol/evaluation';
import { visible } from '../../../src/protocol/wording';
import type { ChartGallery } from '../../charts/lazy';
import type { Announcer } from '../../dom/announcer';
import { fill, h } from '../../dom/element';
import { field, setChoices } from '../../dom/field';
import type { OpenMemory } from '../../dom/fold';
import { notice } from '../../dom/notice';
import type { Section } from '../../dom/section';
import { plural } from '../../text/format';
import { reportOf, type EvaluationState, type Part } from '../state';
import { classesSpec } from './classes';
import { confusionSpec } from './confusion';
import { destinationsSpec } from './destinations';
import { embeddingSpec } from './embedding';
import { ratesSpec } from './rates';
import { ResultSection } from './result-section';
import { samplesSpec } from './samples';
import { tacSpec } from './tac';
import { modelNames, type ReportView } from './view';

const SPECS = [
  ratesSpec,
  destinationsSpec,
  classesSpec,
  confusionSpec,
  samplesSpec,
  tacSpec,
  embeddingSpec,
] as const;

interface Jump {
  readonly label: string;
  readonly section: Section;
}

/** The report: which model and trigger are looked at, the way to each section, and the sections. */
export class Results implements Part {
  readonly element = h('div', { class: 'results' });
  private readonly announcer: Announcer;
  private readonly sections: readonly ResultSection[];
  private readonly model = h('select');
  private readonly attack = h('select');
  private readonly modelField = field('look-model', 'Model', this.model);
  private readonly attackField = field('look-attack', 'Trigger', this.attack);
  private readonly links = h('ul');
  private readonly further: readonly Jump[];
  private readonly outdated: HTMLElement;
  private view: ReportView | null = null;

  /** @param further parts of the page below the report that its toolbar leads to as well */
  constructor(memory: OpenMemory, gallery: ChartGallery, announcer: Announcer, further: readonly Jump[]) {
    this.further = further;
    this.announcer = announcer;
    this.sections = SPECS.map((spec) => new ResultSection(spec, memory, gallery));
    this.model.addEventListener('change', () => {
      this.look({ model: Number(this.model.value) });
    });
    this.attack.addEventListener('change', () => {
      this.look({ attack: this.attack.value });
    });
    this.outdated = notice(
      'warning',
      h(
        'p',
        {},
        'Models or settings have changed since this report was made. Evaluate again to bring it up to date.',
      ),
    );
    this.element.append(
      h(
        'div',
        { class: 'toolbar' },
        h(
          'div',
          { class: 'toolbar-line look' },
          h('strong', {}, 'Report'),
          this.modelField.element,
          this.attackField.element,
        ),
        h('nav', { attributes: { 'aria-label': 'Sections of the report' } }, this.links),
      ),
      this.outdated,
      ...this.sections.map((part) => part.element),
    );
  }

  update(state: EvaluationState): void {
    const report = reportOf(state);
    this.element.hidden = report === null;
    this.outdated.hidden = !state.outdated.run;
    if (report === this.view?.report) return;
    if (report === null) {
      this.show(null);
      return;
    }
    const first = this.view === null;
    this.show(viewOf(report, this.view));
    if (!first || state.run.state !== 'done') return;
    this.announcer.say('run', `The evaluation of ${plural(report.models.length, 'model')} is done.`);
  }

  /** Brings the report into view. */
  reveal(): void {
    this.sections[0]?.section.reveal();
  }

  private look(change: Partial<Pick<ReportView, 'model' | 'attack'>>): void {
    if (this.view !== null) this.show({ ...this.view, ...change });
  }

  private show(view: ReportView | null): void {
    this.view = view;
    for (const part of this.sections) part.update(view);
    if (view === null) return;
    const { report } = view;
    setChoices(
      this.model,
      modelNames(report).map((name, at) => [String(at), name] as const),
      String(view.model),
    );
    setChoices(
      this.attack,
      report.attacks.map(({ name }) => [name, visible(name, 60)] as const),
      view.attack ?? '',
    );
    this.modelField.element.hidden = report.models.length < 2;
    this.attackField.element.hidden = report.attacks.length < 2;
    const here = this.sections.filter(({ element }) => !element.hidden);
    fill(this.links, ...[...here, ...this.further].map(jump));
  }
}

/** Looks at the same model and trigger of a new report, where it has them. */
function viewOf(report: EvaluationReport, before: ReportView | null): ReportView {
  const has = report.attacks.some(({ name }) => name === before?.attack);
  return {
    report,
    model: before !== null && before.model < report.models.length ? before.model : 0,
    attack: has && before !== null ? before.attack : (report.attacks[0]?.name ?? null),
  };
}

function jump({ label, section }: Jump): HTMLElement {
  const link = h('button', { class: 'link', attributes: { type: 'button' } }, label);
  link.addEventListener('click', () => {
    section.reveal();
  });
  return h('li', {}, link);
}
