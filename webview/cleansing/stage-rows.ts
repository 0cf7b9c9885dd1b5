import { redrawnShareOf } from '../../src/protocol/ratio-editing';
import { visible } from '../../src/protocol/wording';
import { h, setText } from '../dom/element';
import { nameOf } from '../dom/name';
import { formatCount, plural } from '../text/format';
import { commonRatio, outliersOf, type Draft, type PlacedLayer, type PlacedStage } from './draft';
import { RatioControl } from './ratio-control';

export interface RatioEvents {
  /** Layers, by their places, are moved to a ratio. `gesture` names the slider. */
  readonly onMove: (places: readonly number[], ratio: number, gesture: string) => void;
  readonly onRest: () => void;
  readonly onToggle: (stage: string, open: boolean) => void;
}

interface Row {
  readonly placed: PlacedLayer;
  readonly control: RatioControl;
  readonly outliers: HTMLElement;
}

/** One stage of the ratio editor: a row for all of its layers, which opens to a row for each. */
export class StageRows {
  readonly element = h('tbody');
  private readonly stage: PlacedStage;
  private readonly events: RatioEvents;
  private readonly toggle: HTMLButtonElement;
  private readonly control: RatioControl;
  private readonly outliers = h('td', { class: 'numeric' });
  private readonly places: readonly number[];
  private readonly weights: readonly number[];
  /** Null until the stage has been opened: a long network has hundreds of rows. */
  private rows: readonly Row[] | null = null;
  private draft: Draft | null = null;
  private open = false;

  constructor(stage: PlacedStage, at: number, open: boolean, events: RatioEvents) {
    this.stage = stage;
    this.events = events;
    this.places = stage.layers.map(({ place }) => place);
    this.weights = stage.layers.map(({ layer }) => layer.weights);
    this.toggle = h(
      'button',
      { class: 'stage-toggle', attributes: { type: 'button', 'aria-expanded': 'false' } },
      visible(stage.name),
    );
    this.toggle.addEventListener('click', () => {
      this.setOpen(!this.open);
      events.onToggle(stage.name, this.open);
    });
    this.control = this.ratioControl(
      `stage-${at}`,
      `Ratio of all layers of ${visible(stage.name)}`,
      this.places,
    );
    this.element.append(
      h(
        'tr',
        { class: 'stage-row' },
        h('th', { attributes: { scope: 'rowgroup' } }, this.toggle),
        h('td', {}, plural(stage.layers.length, 'layer')),
        h('td', { class: 'numeric' }, formatCount(this.weights.reduce((sum, count) => sum + count, 0))),
        this.outliers,
        h('td', {}, this.control.element),
      ),
    );
    this.setOpen(open);
  }

  /** Shows the draft; `uMoved` says that outliers have to be counted again. */
  update(draft: Draft, uMoved: boolean): void {
    this.draft = draft;
    const own = this.places.map((place) => draft.ratios[place]!);
    this.control.update(commonRatio(draft.ratios, this.places), redrawnShareOf(this.weights, own));
    if (uMoved) {
      const counts = this.stage.layers.map(({ layer }) => outliersOf(layer, draft.clpU));
      setText(this.outliers, inWords(counts.some((count) => count !== null) ? sum(counts) : null));
    }
    if (!this.open) return;
    for (const { placed, control, outliers } of this.rows ?? []) {
      control.update(draft.ratios[placed.place]!);
      if (uMoved || outliers.textContent === '')
        setText(outliers, inWords(outliersOf(placed.layer, draft.clpU)));
    }
  }

  private setOpen(open: boolean): void {
    this.open = open;
    this.toggle.setAttribute('aria-expanded', String(open));
    if (open && this.rows === null) {
      this.rows = this.stage.layers.map((placed) => this.row(placed));
    }
    for (const row of [...this.element.rows].slice(1)) row.hidden = !open;
    if (open && this.draft !== null) this.update(this.draft, true);
  }

  private row(placed: PlacedLayer): Row {
    const { layer, place } = placed;
    const name = visible(layer.name);
    const control = this.ratioControl(`layer-${place}`, `Ratio of ${name}`, [place]);
    const outliers = h('td', { class: 'numeric' });
    this.element.append(
      h(
        'tr',
        {},
        h('th', { class: 'layer-name', attributes: { scope: 'row' } }, nameOf(layer.name)),
        h('td', {}, layer.kind),
        h('td', { class: 'numeric' }, formatCount(layer.weights)),
        outliers,
        h('td', {}, control.element),
      ),
    );
    return { placed, control, outliers };
  }

  private ratioControl(id: string, name: string, places: readonly number[]): RatioControl {
    return new RatioControl({
      id: `ratio-${id}`,
      name,
      onInput: (ratio) => {
        this.events.onMove(places, ratio, id);
      },
      onRest: this.events.onRest,
    });
  }
}

function inWords(outliers: number | null): string {
  return outliers === null ? '–' : formatCount(outliers);
}

function sum(counts: readonly (number | null)[]): number {
  return counts.reduce<number>((total, count) => total + (count ?? 0), 0);
}
