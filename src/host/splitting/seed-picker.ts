import { ScourError } from '../../protocol/errors';
import type { Picks, SeedPage, SeedQuery } from '../../protocol/seed-picking';
import { SEEDS_ON_PAGE } from '../../protocol/split-pages';
import type { ToSplittingPanel } from '../../protocol/splitting-panel';
import { Task } from '../audit/task';
import type { EngineClient } from '../engine/client';
import { picksOf, withPick } from './picks';

export interface SeedPickerOptions {
  /** The dataset. */
  readonly data: string;
  readonly engine: Pick<EngineClient, 'request'>;
  /** What is picked at present. */
  readonly picks: () => Picks;
  readonly onPicks: (picks: Picks) => void;
  readonly emit: (message: ToSplittingPanel) => void;
}

/** The gallery of a dataset's images that known-clean seeds are picked from, apart from any window. */
export class SeedPicker {
  private readonly with: SeedPickerOptions;
  private query: SeedQuery = { label: 0, order: 'random', shuffle: 1, from: 0 };
  private readonly page: Task<SeedPage>;

  constructor(options: SeedPickerOptions) {
    this.with = options;
    this.page = new Task<SeedPage>(() => options.emit(this.message()));
  }

  message(): ToSplittingPanel {
    return { kind: 'seedPage', page: this.page.state, query: this.query };
  }

  /** Shows a page. `label`: name of the class that the query is for. */
  async show(query: SeedQuery, label: string): Promise<void> {
    this.query = query;
    const { data, engine, picks } = this.with;
    await this.page.run('Waiting for the engine', (hooks) =>
      engine.request(
        'seedPage',
        { data, query, picked: picksOf(picks(), label), count: SEEDS_ON_PAGE },
        { ...hooks, title: 'the images to pick seeds from' },
      ),
    );
  }

  /** Picks an image of the page shown, or drops it. Throws ScourError `bad-value` for any other image. */
  pick(name: string, picked: boolean): void {
    const { state } = this.page;
    const shown = state.state === 'done' ? state.result : null;
    if (!shown?.samples.some((sample) => sample.name === name))
      throw new ScourError('bad-value', 'That image is not on the page that is shown.');
    this.with.onPicks(withPick(this.with.picks(), shown.label, name, picked));
  }

  cancel(): void {
    this.page.cancel();
  }
}
