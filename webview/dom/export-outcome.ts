import { visible } from '../../src/protocol/wording';
import type { Announcer } from './announcer';
import { copyButton } from './copy';
import { fill, h } from './element';
import { showUnfinished } from './job-end';
import { nameOf } from './name';
import { notice } from './notice';
import { ProgressView, type RunningJob } from './progress';

type Pending =
  | { readonly state: 'idle' }
  | ({ readonly state: 'running' } & RunningJob)
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: { readonly message: string } };
interface Written {
  readonly state: 'done';
  readonly result: { readonly output: string; readonly sha256: string };
}

interface Options<Done> {
  /** What is written: `the pruned model`. */
  readonly what: string;
  readonly announcer: Announcer;
  readonly onCancel: () => void;
  readonly onRetry: () => void;
  /** Stands before the path of the file: `Wrote`. */
  readonly wrote: (done: Done) => string;
  readonly notes?: (done: Done) => readonly string[];
  /** What can be done with the file. */
  readonly actions: () => readonly HTMLElement[];
}

/** How an export goes on and how it ends: progress, the file with its digest, or the reason why there is none. */
export class ExportOutcome<Done extends Written> {
  readonly element: HTMLElement;
  private readonly options: Options<Done>;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');

  constructor(options: Options<Done>) {
    this.options = options;
    this.progress = new ProgressView({
      label: `Exporting ${options.what}`,
      onCancel: options.onCancel,
      onRetry: options.onRetry,
    });
    this.element = h('div', {}, this.progress.element, this.outcome);
  }

  /** Shows a state other than the one before. */
  show(state: Pending | Done): void {
    const { announcer, what } = this.options;
    this.progress.update(state.state === 'running' ? state : null);
    this.outcome.replaceChildren();
    switch (state.state) {
      case 'idle':
        return;
      case 'running':
        announcer.say('export', `Exporting ${what}.`);
        return;
      case 'cancelled':
      case 'failed':
        showUnfinished(this.outcome, announcer, 'export', 'export', state, '; no file was written');
        return;
      case 'done':
        this.written(state);
    }
  }

  private written(done: Done): void {
    const { announcer, what, wrote, notes, actions } = this.options;
    const { output, sha256 } = done.result;
    fill(
      this.outcome,
      notice(
        'note',
        h('p', {}, `${wrote(done)} `, nameOf(output)),
        h(
          'p',
          {},
          'SHA-256 ',
          h('code', { class: 'hash' }, visible(sha256)),
          copyButton(`SHA-256 of ${what}`, sha256, announcer),
        ),
        ...(notes?.(done) ?? []).map((note) => h('p', {}, visible(note))),
        h('div', { class: 'actions' }, ...actions()),
      ),
    );
    announcer.say('export', `${wrote(done)} ${visible(output)}.`);
  }
}
