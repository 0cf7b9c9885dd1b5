import type { ResultOf } from '../../protocol/engine';
import { SUSPECTS_ON_PAGE } from '../../protocol/split-pages';
import type { Moved, SuspectPage } from '../../protocol/splitting';
import type { FromSplittingPanel, SplittingPlan, ToSplittingPanel } from '../../protocol/splitting-panel';
import { Task } from '../audit/task';
import type { EngineClient } from '../engine/client';

const WAITING = 'Waiting for the engine';

export type SuspectQuery = Omit<Extract<FromSplittingPanel, { kind: 'page' }>, 'kind'>;

export interface SuspectsOptions {
  /** The dataset. */
  readonly data: string;
  readonly engine: Pick<EngineClient, 'request'>;
  /** Where results and the quarantine are at present. */
  readonly plan: () => Pick<SplittingPlan, 'output' | 'quarantine'>;
  readonly onQuarantine: (folder: string | null) => void;
  readonly emit: (message: ToSplittingPanel) => void;
}

/** The ranked images of a finished run, page by page, and their quarantine, apart from any window. */
export class SuspectGallery {
  private readonly with: SuspectsOptions;
  private readonly page: Task<SuspectPage>;
  private readonly move: Task<Moved>;
  private query: SuspectQuery = { which: 'suspected', label: null, from: 0 };
  private back = false;

  constructor(options: SuspectsOptions) {
    this.with = options;
    this.page = new Task<SuspectPage>(() => options.emit(this.pageMessage()));
    this.move = new Task<Moved>(() => options.emit(this.moveMessage()));
  }

  messages(): ToSplittingPanel[] {
    return [this.pageMessage(), this.moveMessage()];
  }

  /** Shows a page of the results at the output folder; by default the first of what was asked for last. */
  async show(query: SuspectQuery = { ...this.query, from: 0 }): Promise<void> {
    const { data, engine, plan } = this.with;
    const { output, quarantine } = plan();
    if (output === null) return;
    this.query = query;
    await this.page.run(WAITING, (hooks) =>
      engine.request(
        'suspects',
        { output, data, quarantine, ...query, count: SUSPECTS_ON_PAGE },
        { ...hooks, title: 'the ranked images' },
      ),
    );
  }

  /** Forgets the page: it was of other results. */
  reset(): void {
    this.page.reset();
  }

  /** What moving the suspects to a folder would do; changes nothing. */
  planMove(folder: string): Promise<ResultOf<'planQuarantine'>> {
    return this.with.engine.request('planQuarantine', this.moveTo(folder), {
      title: 'the check of the quarantine',
    });
  }

  /** Moves the suspects to a folder. The caller has asked. */
  async quarantine(folder: string): Promise<void> {
    const params = this.moveTo(folder);
    this.back = false;
    // Kept before the move: one that is cut short must be undone from there.
    this.with.onQuarantine(folder);
    await this.move.run(WAITING, (hooks) =>
      this.with.engine.request('quarantine', params, { ...hooks, title: 'the quarantine' }),
    );
    await this.show(this.query);
  }

  /** Puts the suspects back. */
  async release(): Promise<void> {
    const { quarantine: folder } = this.with.plan();
    if (folder === null) return;
    this.back = true;
    await this.move.run(WAITING, async (hooks) => {
      const moved = await this.with.engine.request(
        'releaseQuarantine',
        { folder },
        { ...hooks, title: 'the end of the quarantine' },
      );
      this.with.onQuarantine(null);
      return moved;
    });
    await this.show(this.query);
  }

  cancel(job: 'page' | 'move'): void {
    this[job].cancel();
  }

  private moveTo(folder: string): { output: string; data: string; folder: string } {
    return { output: this.with.plan().output ?? '', data: this.with.data, folder };
  }

  private pageMessage(): ToSplittingPanel {
    const { which, label } = this.query;
    return { kind: 'page', page: this.page.state, which, label };
  }

  private moveMessage(): ToSplittingPanel {
    return { kind: 'move', move: this.move.state, back: this.back };
  }
}
