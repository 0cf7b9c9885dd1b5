import type { StudentExportState } from '../../src/protocol/cleansing-panel';
import { visible } from '../../src/protocol/wording';
import type { ChartGallery } from '../charts/lazy';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { ExportOutcome } from '../dom/export-outcome';
import type { OpenMemory } from '../dom/fold';
import { notice } from '../dom/notice';
import { section, type Section } from '../dom/section';
import { plural } from '../text/format';
import { Comparison } from './comparison';
import { RunCard } from './run-card';
import { runNames } from './run-words';
import type { Part } from './part';
import { descriptionOf, type CleansingState, type Post } from './state';

/** Runs that are compared unless the user says otherwise: the latest. */
const COMPARED = 4;

/** Every run of the model: side by side, resumed, exported, deleted. */
export class Runs implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly post: Post;
  private readonly comparison: Comparison;
  private readonly cards = new Map<string, RunCard>();
  private readonly list = h('div', { class: 'run-list' });
  private readonly damaged = h('div');
  private readonly exported: ExportOutcome<Extract<StudentExportState, { state: 'done' }>>;
  /** What the user has said of a run. */
  private readonly chosen = new Map<string, boolean>();
  private state: CleansingState | null = null;

  constructor(memory: OpenMemory, gallery: ChartGallery, announcer: Announcer, post: Post) {
    this.post = post;
    this.comparison = new Comparison(gallery);
    this.exported = new ExportOutcome({
      what: 'the student',
      announcer,
      onCancel: () => {
        post({ kind: 'cancel', job: 'export' });
      },
      onRetry: () => {
        post({ kind: 'cancel', job: 'export' });
      },
      wrote: () => 'Wrote the student to',
      actions: () => [
        button({
          label: 'Evaluate…',
          icon: 'beaker',
          onPress: () => {
            post({ kind: 'evaluateExported' });
          },
        }),
        button({
          label: 'Open exported model',
          secondary: true,
          onPress: () => {
            post({ kind: 'openExported' });
          },
        }),
      ],
    });
    this.section = section(
      { id: 'runs', heading: 'Runs', memory },
      this.damaged,
      this.comparison.element,
      this.exported.element,
      this.list,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    this.state = state;
    const { runs, damaged } = state;
    this.element.hidden = runs.length === 0 && damaged.length === 0;
    if (state.export !== before?.export && state.export.state !== before?.export.state)
      this.exported.show(state.export.state);
    const same =
      runs === before?.runs &&
      damaged === before.damaged &&
      state.trusted === before.trusted &&
      state.description === before.description &&
      state.job.state.state === before.job.state.state;
    if (same) return;
    fill(
      this.damaged,
      ...damaged.map(({ id, reason }) =>
        notice('warning', h('p', {}, `The run in ${visible(id, 80)} cannot be read: ${visible(reason)}`)),
      ),
    );
    setText(this.section.aside, runs.length === 0 ? '' : plural(runs.length, 'run'));
    this.render(state);
  }

  private render(state: CleansingState): void {
    const { runs } = state;
    const description = descriptionOf(state);
    const names = runNames(runs, description);
    const ids = new Set(runs.map(({ id }) => id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    const busy = state.job.state.state === 'running';
    runs.forEach((run, at) => {
      let card = this.cards.get(run.id);
      if (card === undefined) {
        card = new RunCard(run.id, this.post, (compared) => {
          this.chosen.set(run.id, compared);
          if (this.state !== null) this.render(this.state);
        });
        this.cards.set(run.id, card);
        // The latest comes first.
        this.list.insertBefore(card.element, this.list.children[at] ?? null);
      }
      card.update(run, {
        name: names[at]!,
        compared: this.isCompared(run.id, at),
        trusted: state.trusted,
        busy,
      });
    });
    const compared = runs.filter(({ id }, at) => this.isCompared(id, at));
    this.comparison.element.hidden = runs.length === 0;
    this.comparison.update(compared, description);
  }

  private isCompared(id: string, at: number): boolean {
    return this.chosen.get(id) ?? at < COMPARED;
  }
}
