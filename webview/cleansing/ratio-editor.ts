import type { CleansingDescription } from '../../src/protocol/cleansing';
import { redrawnShareOf } from '../../src/protocol/ratio-editing';
import { COMBINED_U, DEFAULT_U } from '../../src/protocol/threshold';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { Checkbox, field, NumberField, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { notice } from '../dom/notice';
import { section, type Section } from '../dom/section';
import { formatCount, formatPercent, plural } from '../text/format';
import {
  outliersOf,
  placedStages,
  weightsOf,
  withClpU,
  withLayers,
  withPreset,
  withShare,
  type Draft,
} from './draft';
import { formatRatio, RatioControl } from './ratio-control';
import { StageRows } from './stage-rows';
import type { Part } from './part';
import { descriptionOf, type CleansingState, type Post } from './state';

/** Layers up to which all stages are open at first. */
const FEW_LAYERS = 40;
const OWN = '';

/** What the editor does to the draft. Edits of one gesture are one step of undo. */
export interface DraftEvents {
  readonly edit: (gesture: string | null, change: (draft: Draft) => Draft) => void;
  readonly rest: () => void;
  readonly undo: () => void;
  readonly redo: () => void;
}

/** The share of each layer's weights that is re-drawn: presets, stages, layers, the total. */
export class RatioEditor implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly memory: OpenMemory;
  private readonly announcer: Announcer;
  private readonly events: DraftEvents;
  private readonly notes = h('div');
  private readonly preset = h('select');
  private readonly about = h('p', { class: 'hint' });
  private readonly total: RatioControl;
  private readonly totalWords = h('span', { class: 'hint' });
  private readonly limit = h('p', { class: 'hint', attributes: { role: 'status' } });
  private readonly hold: Checkbox;
  private readonly clp: Checkbox;
  private readonly clpU: NumberField;
  private readonly held = h('p', { class: 'hint' });
  private readonly undo: ReturnType<typeof button>;
  private readonly redo: ReturnType<typeof button>;
  private readonly table = h('table', { class: 'ratios' });
  private stages: readonly StageRows[] = [];
  private description: CleansingDescription | null = null;
  private weights: readonly number[] = [];
  private holds = false;
  /** While a number is being typed, undo is of the text. */
  private typing = false;

  constructor(memory: OpenMemory, announcer: Announcer, post: Post, events: DraftEvents) {
    this.memory = memory;
    this.announcer = announcer;
    this.events = events;
    this.holds = memory.isOpen('hold-total', false);
    const presetField = field('preset', 'Preset', this.preset);
    this.preset.addEventListener('change', () => {
      this.applyPreset(this.preset.value);
    });
    this.total = new RatioControl({
      id: 'total-share',
      name: 'Share of all weights re-drawn',
      onInput: (share) => {
        setText(this.limit, '');
        events.edit('total', (draft) => withShare(draft, this.weights, share));
      },
      onRest: events.rest,
    });
    this.hold = new Checkbox('Hold the total while rows move', (checked) => {
      this.holds = checked;
      memory.setOpen('hold-total', checked);
      setText(this.limit, '');
    });
    this.hold.set(this.holds);
    this.clp = new Checkbox('Prune with CLP first, and hold the pruned channels at zero', (checked) => {
      events.edit(null, (draft) => withClpU(draft, checked ? COMBINED_U : null));
    });
    this.clpU = new NumberField('clp-u', 'CLP threshold u', {
      min: 0,
      max: 100,
      whole: false,
      onChange: (u) => {
        events.edit(null, (draft) => withClpU(draft, u));
      },
    });
    this.undo = button({ label: 'Undo', icon: 'undo', secondary: true, onPress: events.undo });
    this.redo = button({ label: 'Redo', icon: 'redo', secondary: true, onPress: events.redo });
    const file = (kind: 'saveRatios' | 'loadRatios', label: string, icon: string): HTMLElement =>
      button({
        label,
        icon,
        secondary: true,
        onPress: () => {
          post({ kind });
        },
      });
    this.section = section(
      { id: 'ratios', heading: 'What is re-drawn', memory },
      h(
        'p',
        {},
        'Each layer keeps a random part of its weights, and the rest is drawn afresh: the ratio is the share drawn afresh. ' +
          'The higher it is, the less of a backdoor is left to start with, and the more accuracy has to be learnt back.',
      ),
      this.notes,
      h(
        'div',
        { class: 'actions add-line' },
        presetField.element,
        this.undo,
        this.redo,
        file('saveRatios', 'Save…', 'save'),
        file('loadRatios', 'Load…', 'folder'),
      ),
      this.about,
      h('div', { class: 'clp-line' }, this.clp.element, this.clpU.element),
      this.held,
      h(
        'div',
        { class: 'total-line' },
        h('strong', {}, 'Share of all weights re-drawn'),
        this.total.element,
        this.totalWords,
        this.hold.element,
      ),
      this.limit,
      h('div', { class: 'table-scroller ratios-scroller' }, this.table),
    );
    this.element = this.section.element;
    this.element.addEventListener('keydown', (event) => {
      this.keydown(event);
    });
    for (const type of ['input', 'change', 'focusout'] as const) {
      this.element.addEventListener(type, ({ target }) => {
        this.typing = type === 'input' && target instanceof HTMLInputElement && target.type === 'number';
      });
    }
  }

  update(state: CleansingState, before: CleansingState | null): void {
    const description = descriptionOf(state);
    const draft = state.history?.present ?? null;
    this.element.hidden = description === null || draft === null;
    if (description === null || draft === null) return;
    const isNew = description !== this.description;
    if (isNew) this.build(description);
    const shown = before?.history?.present ?? null;
    setEnabled(this.undo, state.history!.past.length > 0);
    setEnabled(this.redo, state.history!.future.length > 0);
    if (!isNew && draft === shown) return;
    const uMoved = isNew || shown?.clpU !== draft.clpU;
    for (const rows of this.stages) rows.update(draft, uMoved);
    this.showTotal(draft);
    this.showPreset(draft, description);
    if (uMoved) this.showClp(draft, description);
  }

  private build(description: CleansingDescription): void {
    this.description = description;
    this.weights = weightsOf(description);
    const { notes, studied, presets } = description;
    fill(
      this.notes,
      ...notes.map((note) => notice(studied ? 'note' : 'warning', h('p', {}, visible(note, 600)))),
    );
    setChoices(
      this.preset,
      [[OWN, 'Own ratios'], ...presets.map(({ id, label }) => [id, visible(label, 80)] as const)],
      OWN,
    );
    const few = this.weights.length <= FEW_LAYERS;
    this.stages = placedStages(description).map(
      (stage, at) =>
        new StageRows(stage, at, this.memory.isOpen(`stage-${stage.name}`, few), {
          onMove: (places, ratio, gesture) => {
            this.move(places, ratio, gesture);
          },
          onRest: this.events.rest,
          onToggle: (name, open) => {
            this.memory.setOpen(`stage-${name}`, open);
          },
        }),
    );
    fill(
      this.table,
      h('caption', { class: 'visually-hidden' }, 'Ratios by stage and layer'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...(
            [
              ['Stage, layer', ''],
              ['Kind', ''],
              ['Weights', 'numeric'],
              ['Outliers', 'numeric'],
              ['Ratio', ''],
            ] as const
          ).map(([label, kind]) => h('th', { class: kind, attributes: { scope: 'col' } }, label)),
        ),
      ),
      ...this.stages.map(({ element }) => element),
    );
    setText(this.section.aside, plural(this.weights.length, 'layer'));
  }

  private move(places: readonly number[], ratio: number, gesture: string): void {
    const outcome: { limitedTo: number | null } = { limitedTo: null };
    this.events.edit(gesture, (draft) => {
      const edit = withLayers(draft, this.weights, places, ratio, this.holds);
      outcome.limitedTo = edit.limitedTo;
      return edit.draft;
    });
    setText(
      this.limit,
      outcome.limitedTo === null
        ? ''
        : `With the total held, this ratio goes no further than ${formatRatio(outcome.limitedTo)}: the other layers cannot make up for more.`,
    );
  }

  private applyPreset(id: string): void {
    const preset = this.description?.presets.find((one) => one.id === id);
    setText(this.limit, '');
    if (preset === undefined) return;
    this.events.edit(null, (draft) => withPreset(draft, this.weights, preset, this.holds));
    const scaled = this.holds ? ', scaled to the held total' : '';
    this.announcer.say('ratios', `${visible(preset.label)} applied${scaled}.`);
  }

  private showTotal(draft: Draft): void {
    const share = redrawnShareOf(this.weights, draft.ratios);
    const all = this.weights.reduce((sum, count) => sum + count, 0);
    this.total.update(share);
    setText(
      this.totalWords,
      `${formatPercent(100 * share)} of ${formatCount(all)}, about ${formatCount(Math.round(share * all))}`,
    );
  }

  private showPreset(draft: Draft, { presets }: CleansingDescription): void {
    const preset = presets.find(({ id }) => id === draft.preset);
    this.preset.value = preset?.id ?? OWN;
    setText(this.about, preset === undefined ? 'Ratios of your own.' : visible(preset.description, 600));
  }

  private showClp({ clpU }: Draft, { stages }: CleansingDescription): void {
    this.clp.set(clpU !== null);
    this.clpU.set(clpU);
    this.clpU.element.hidden = clpU === null;
    const layers = stages.flatMap((stage) => stage.layers);
    const outliers = layers.reduce((sum, layer) => sum + (outliersOf(layer, clpU) ?? 0), 0);
    setText(
      this.held,
      clpU === null
        ? `Outliers are counted at u = ${DEFAULT_U}. Nothing is pruned.`
        : `${plural(outliers, 'channel')} above u = ${clpU} ${outliers === 1 ? 'is' : 'are'} pruned before the student is drawn, and held at zero throughout.`,
    );
  }

  private keydown(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || this.typing) return;
    const key = event.key.toLowerCase();
    const redo = (key === 'z' && event.shiftKey) || (key === 'y' && !event.shiftKey);
    if (key !== 'z' && !redo) return;
    event.preventDefault();
    if (redo) this.events.redo();
    else this.events.undo();
  }
}
