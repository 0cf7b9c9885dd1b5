import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { formatTimeLeft } from '../text/format';
import { visible } from '../../src/protocol/wording';
import { button } from './button';
import { h, setText } from './element';
import { notice } from './notice';

/** What a job says of itself while it runs. */
export interface RunningJob {
  readonly message: string;
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  /** True where the engine has not been heard of for a while. */
  readonly stalled: boolean;
}

interface ProgressOptions {
  readonly label: string;
  readonly onCancel: () => void;
  readonly onRetry: () => void;
}

/** Progress of a job, with Cancel; hidden while none runs. */
export class ProgressView {
  readonly element: HTMLElement;
  private readonly bar = h('vscode-progress-bar');
  private readonly message = h('span', { class: 'progress-message' });
  private readonly left = h('span', { class: 'hint' });
  private readonly stalled: HTMLElement;

  constructor(options: ProgressOptions) {
    this.bar.ariaLabel = options.label;
    const cancel = (): void => {
      options.onCancel();
    };
    this.stalled = notice(
      'warning',
      h('p', {}, 'The engine has not reported for a while. It may be busy with a large layer, or stuck.'),
      h(
        'div',
        { class: 'actions' },
        button({ label: 'Cancel', secondary: true, onPress: cancel }),
        button({ label: 'Retry', onPress: options.onRetry }),
      ),
    );
    this.element = h(
      'div',
      { class: 'progress' },
      this.bar,
      h(
        'div',
        { class: 'progress-line' },
        this.message,
        this.left,
        button({ label: 'Cancel', icon: 'close', secondary: true, onPress: cancel }),
      ),
      this.stalled,
    );
    this.update(null);
  }

  update(job: RunningJob | null): void {
    this.element.hidden = job === null;
    if (job === null) return;
    this.bar.indeterminate = job.fraction === null;
    if (job.fraction !== null) this.bar.value = Math.min(Math.max(job.fraction, 0), 1) * 100;
    const percent = job.fraction === null ? '' : ` (${Math.floor(job.fraction * 100)} %)`;
    setText(this.message, `${visible(job.message)}${percent}`);
    setText(this.left, formatTimeLeft(job.secondsLeft) ?? '');
    this.element.classList.toggle('is-stalled', job.stalled);
    this.stalled.hidden = !job.stalled;
  }
}
