import type { CleansingRun } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { button, setEnabled } from '../dom/button';
import { h, setText } from '../dom/element';
import { Checkbox } from '../dom/field';
import { fold } from '../dom/fold';
import { formatPercent, plural } from '../text/format';
import { finished, resumable, startedAt, statusWord } from './run-words';
import type { Post } from './state';

interface Shown {
  readonly name: string;
  readonly compared: boolean;
  readonly trusted: boolean;
  /** A run goes on, whichever it is. */
  readonly busy: boolean;
}

/** One run: what it was, how it ended, what can be done with it. Changed in place, so that the focus stays. */
export class RunCard {
  readonly element: HTMLElement;
  private readonly heading: HTMLElement;
  private readonly status = h('span', { class: 'pill' });
  private readonly facts = h('p', { class: 'hint' });
  private readonly problem = h('p');
  private readonly compare: Checkbox;
  private readonly resume: ReturnType<typeof button>;
  private readonly save: ReturnType<typeof button>;
  private readonly remove: ReturnType<typeof button>;
  private readonly notes = fold('Notes', h('ul', { class: 'plain-list' }));

  constructor(id: string, post: Post, onCompare: (compared: boolean) => void) {
    this.heading = h('h3', { id: `run-${id}` });
    this.compare = new Checkbox('Compare', onCompare);
    this.resume = button({
      label: 'Resume',
      icon: 'play',
      onPress: () => {
        post({ kind: 'resume', id });
      },
    });
    this.save = button({
      label: 'Export student…',
      icon: 'save',
      onPress: () => {
        post({ kind: 'export', id });
      },
    });
    const reuse = button({
      label: 'Use its settings',
      secondary: true,
      onPress: () => {
        post({ kind: 'reuse', id });
      },
    });
    this.remove = button({
      label: 'Delete',
      icon: 'trash',
      secondary: true,
      onPress: () => {
        post({ kind: 'deleteRun', id });
      },
    });
    this.element = h(
      'article',
      { class: 'card run-card', attributes: { 'aria-labelledby': `run-${id}` } },
      h('div', { class: 'card-head' }, this.heading, this.status),
      this.facts,
      this.problem,
      h('div', { class: 'actions' }, this.compare.element, this.resume, this.save, reuse, this.remove),
      this.notes,
    );
  }

  update(run: CleansingRun, { name, compared, trusted, busy }: Shown): void {
    setText(this.heading, name);
    setText(this.status, statusWord(run));
    setText(this.facts, factsOf(run));
    this.problem.hidden = run.error === null;
    setText(this.problem, run.error === null ? '' : visible(run.error, 600));
    this.compare.set(compared);
    this.resume.hidden = !resumable(run);
    setEnabled(this.resume, trusted && !busy);
    this.save.hidden = !finished(run);
    setEnabled(this.save, trusted);
    setEnabled(this.remove, run.status !== 'running');
    this.notes.hidden = run.notes.length === 0;
    const list = this.notes.lastElementChild!;
    if (list.childElementCount !== run.notes.length)
      list.replaceChildren(...run.notes.map((note) => h('li', {}, visible(note, 600))));
  }
}

/** Everything that was asked for, in a line. */
export function factsOf(run: CleansingRun): string {
  const { training, samples, data } = run.order;
  const { epochs, batchSize, rate, labels, temperature, augmentation, seed, restoreNorms } = training;
  const parts = [
    `epoch ${run.history.length} of ${epochs}`,
    `started ${startedAt(run)}`,
    `${samples === null ? 'all images' : `at most ${plural(samples, 'image')}`} of ${visible(data, 80)}`,
    `batch ${batchSize}`,
    `rate ${rate}`,
    `${labels} labels`,
    temperature === null ? 'T rising to 4' : `T = ${temperature}`,
    augmentation.pad === 0 ? 'no crop' : `crop ${augmentation.pad}`,
    augmentation.flip ? 'flip' : 'no flip',
    ...(restoreNorms ? ['batch norms put back'] : []),
    `seed ${seed}`,
    ...(run.held === null ? [] : [`${plural(run.held, 'channel')} held at zero`]),
    ...(run.devices === null ? [] : [`on ${visible(run.devices.student, 120)}`]),
    ...(run.report === null ? [] : [`agreement ${formatPercent(run.report.agreement)}`]),
  ];
  return `${parts.join(', ')}.`;
}
