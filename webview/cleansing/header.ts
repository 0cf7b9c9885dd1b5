import type { CleansingDescriptionState } from '../../src/protocol/cleansing-panel';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h } from '../dom/element';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { resumable, runWords } from './run-words';
import type { Part } from './part';
import { descriptionOf, type CleansingState, type Post } from './state';

/** What is cleansed, whether it can be, and what was left undone. */
export class Header implements Part {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly file = h('p', { class: 'path' });
  private readonly progress: ProgressView;
  private readonly problem = h('div');
  private readonly unfinished = h('div');

  constructor(announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    const describe = (): void => {
      post({ kind: 'describe' });
    };
    this.progress = new ProgressView({
      label: 'Reading the model',
      onCancel: () => {
        post({ kind: 'cancel', job: 'description' });
      },
      onRetry: describe,
    });
    this.element = h(
      'header',
      { class: 'header' },
      h('h1', {}, 'Cleanse with unlabeled images'),
      this.file,
      h(
        'p',
        { class: 'hint' },
        'BCU (Backdoor Cleansing with Unlabeled Data, CVPR 2023): a student is drawn afresh in part and learns from this model, its teacher, on images without labels. The file itself is never changed.',
      ),
      this.progress.element,
      this.problem,
      this.unfinished,
    );
  }

  update(state: CleansingState, before: CleansingState | null): void {
    if (state.model !== before?.model && state.model !== null) fill(this.file, nameOf(state.model.path));
    if (state.description !== before?.description) this.describe(state.description);
    if (
      state.runs !== before?.runs ||
      state.job !== before.job ||
      state.description !== before.description ||
      state.trusted !== before.trusted
    )
      this.offer(state);
  }

  private describe(description: CleansingDescriptionState): void {
    this.progress.update(description.state === 'running' ? description : null);
    this.problem.replaceChildren();
    const again = (): HTMLElement =>
      h(
        'div',
        { class: 'actions' },
        button({
          label: 'Read again',
          icon: 'refresh',
          secondary: true,
          onPress: () => {
            this.post({ kind: 'describe' });
          },
        }),
      );
    if (description.state === 'cancelled')
      fill(this.problem, notice('note', h('p', {}, 'The model was not read.'), again()));
    if (description.state !== 'failed') return;
    const message = visible(description.error.message);
    fill(
      this.problem,
      notice('error', h('p', {}, h('strong', {}, 'The model cannot be cleansed. '), message), again()),
    );
    this.announcer.say('model', `The model cannot be cleansed. ${message}`);
  }

  /** Runs that were paused or interrupted, while none goes on. */
  private offer(state: CleansingState): void {
    const open = state.job.state.state === 'running' ? [] : state.runs.filter(resumable);
    const [latest] = open;
    if (latest === undefined) {
      this.unfinished.replaceChildren();
      return;
    }
    const more = open.length > 1 ? ` ${open.length - 1} more below.` : '';
    fill(
      this.unfinished,
      notice(
        'note',
        h(
          'p',
          {},
          h('strong', {}, latest.status === 'paused' ? 'A run is paused. ' : 'A run was interrupted. '),
          `${runWords(latest, descriptionOf(state))}.${more}`,
          latest.error === null ? '' : ` ${visible(latest.error)}`,
        ),
        state.trusted
          ? h(
              'div',
              { class: 'actions' },
              button({
                label: 'Resume',
                icon: 'play',
                onPress: () => {
                  this.post({ kind: 'resume', id: latest.id });
                },
              }),
            )
          : null,
      ),
    );
  }
}
