import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { formatCount, plural } from '../text/format';
import type { SplittingState } from './state';

type PageState = SplittingState['seeds']['page'] | SplittingState['page']['state'];

interface Page {
  readonly from: number;
  readonly total: number;
  readonly samples: readonly unknown[];
}

export interface PagerOptions {
  /** What is read, for its progress. */
  readonly label: string;
  /** Images on a page. */
  readonly size: number;
  /** Said of a page without images. */
  readonly empty: string;
  /** Of announcements. */
  readonly topic: string;
  readonly announcer: Announcer;
  /** Asks for the page that begins with an image. */
  readonly onAsk: (from: number) => void;
  readonly onCancel: () => void;
}

/** Goes through a gallery page by page: reading, what went wrong, which images are shown, and the ones before and behind. */
export class Pager {
  /** Stands above the images. */
  readonly status: HTMLElement;
  /** Stands below them. */
  readonly controls: HTMLElement;
  private readonly options: PagerOptions;
  private readonly progress: ProgressView;
  private readonly problem = h('div');
  private readonly shown = h('span', { class: 'hint' });
  private readonly previous: ReturnType<typeof button>;
  private readonly next: ReturnType<typeof button>;
  private from = 0;

  constructor(options: PagerOptions) {
    this.options = options;
    const { label, size, onAsk, onCancel } = options;
    const press = (name: string, from: () => number) =>
      button({
        label: name,
        secondary: true,
        onPress: () => {
          onAsk(from());
        },
      });
    this.previous = press('Previous page', () => Math.max(0, this.from - size));
    this.next = press('Next page', () => this.from + size);
    this.progress = new ProgressView({ label, onCancel, onRetry: onCancel });
    this.status = h('div', {}, this.progress.element, this.problem);
    this.controls = h('div', { class: 'actions' }, this.previous, this.next, this.shown);
  }

  /** Shows where reading stands, and hands on the page once it is read. */
  show<S extends PageState>(state: S, ready: (page: Extract<S, { state: 'done' }>['result']) => void): void {
    this.progress.update(state.state === 'running' ? state : null);
    this.problem.replaceChildren();
    if (state.state === 'failed')
      fill(this.problem, notice('error', h('p', {}, visible(state.error.message, 600))));
    if (state.state === 'cancelled') fill(this.problem, notice('note', h('p', {}, 'The page was not read.')));
    if (state.state !== 'done') return;
    ready(state.result);
    this.count(state.result);
  }

  private count({ from, total, samples }: Page): void {
    const words =
      total === 0
        ? this.options.empty
        : `${formatCount(from + 1)} to ${formatCount(from + samples.length)} of ${plural(total, 'image')}.`;
    this.from = from;
    setText(this.shown, words);
    setEnabled(this.previous, from > 0);
    setEnabled(this.next, from + samples.length < total);
    this.options.announcer.say(this.options.topic, words);
  }
}
