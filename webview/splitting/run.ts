import { count, visible } from '../../src/protocol/wording';
import { trustNotice } from '../audit/trust';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section } from '../dom/section';
import { obstacleOf, reportOf, type Part, type Post, type SplittingState } from './state';
import { reportInWords } from './words';

/** Starts a run, follows it, pauses and ends it, and says what came of it. */
export class Run implements Part {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly start: ReturnType<typeof button>;
  private readonly resume: ReturnType<typeof button>;
  private readonly pause: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'run-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private readonly notes = h('div');

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    const press =
      (kind: 'run' | 'resume' | 'pause'): (() => void) =>
      () => {
        post({ kind });
      };
    const { id: describedBy } = this.why;
    this.start = button({ label: 'Run', icon: 'play', describedBy, onPress: press('run') });
    this.resume = button({ label: 'Resume', icon: 'play', describedBy, onPress: press('resume') });
    this.pause = button({ label: 'Pause', icon: 'pause', secondary: true, onPress: press('pause') });
    this.trust = trustNotice('run-trust', 'Training a model', post);
    const cancel = (): void => {
      post({ kind: 'cancel', job: 'run' });
    };
    this.progress = new ProgressView({ label: 'Splitting', onCancel: cancel, onRetry: cancel });
    this.element = section(
      { id: 'run', heading: 'Run', memory },
      h(
        'p',
        {},
        'A pause takes effect after the step or batch at hand, in every phase. The state is kept then, after every epoch, and within one every ten seconds: a run can be resumed from there to the same result, also after VS Code was closed. The dataset is never changed by a run.',
      ),
      this.trust,
      h('div', { class: 'actions' }, this.resume, this.start, this.pause, this.why),
      this.progress.element,
      this.outcome,
      this.notes,
    ).element;
  }

  update(state: SplittingState, before: SplittingState | null): void {
    const { job, found } = state;
    const running = job.state.state === 'running';
    this.trust.hidden = state.trusted;
    const why = obstacleOf(state);
    setText(this.why, why);
    setEnabled(this.start, why === '');
    setEnabled(this.resume, why === '');
    this.resume.hidden = running || found?.unfinished !== true;
    this.start.secondary = !this.resume.hidden;
    this.pause.hidden = !running;
    setEnabled(this.pause, running && job.pausable && !job.pausing);
    if (job.pausing && before?.job.pausing !== true)
      this.announcer.say('run', 'Pausing once the step or batch at hand is done.');
    this.progress.update(
      job.state.state === 'running'
        ? {
            ...job.state,
            message: job.pausing ? 'Pausing after the step or batch at hand' : job.state.message,
          }
        : null,
    );
    if (job.state.state !== before?.job.state.state || found !== before.found) this.showOutcome(state);
    if (state.notes !== before?.notes)
      fill(this.notes, ...state.notes.map((note) => notice('note', h('p', {}, visible(note)))));
    if (running && before !== null && state.history.length > before.history.length)
      this.announcer.say('epoch', `Epoch ${state.history.length} is done.`);
  }

  private showOutcome(state: SplittingState): void {
    const { job, found } = state;
    this.outcome.replaceChildren();
    const say = (level: 'note' | 'error', text: string, ...more: HTMLElement[]): void => {
      fill(this.outcome, notice(level, h('p', {}, text), ...more));
      this.announcer.say('run', text);
    };
    const kept = found?.unfinished === true;
    if (job.state.state === 'running') this.announcer.say('run', 'The run has started.');
    else if (job.state.state === 'failed')
      say('error', `The run failed. ${visible(job.state.error.message, 600)}`);
    else if (job.state.state === 'cancelled')
      say(
        'note',
        kept
          ? 'The run was cancelled. It can be resumed from its last kept state.'
          : 'The run was cancelled; nothing was written.',
      );
    else if (kept)
      say('note', 'A run is paused or was interrupted. It can be resumed with the same settings.');
    else this.summarise(state);
  }

  private summarise(state: SplittingState): void {
    const report = reportOf(state);
    if (report === null) return;
    const words = reportInWords(report);
    fill(
      this.outcome,
      notice(
        'note',
        h('p', {}, h('strong', {}, words.headline)),
        ...words.rest.map((line) => h('p', {}, line)),
        h(
          'div',
          { class: 'actions' },
          button({
            label: 'Evaluate the model',
            icon: 'beaker',
            secondary: true,
            onPress: () => {
              this.post({ kind: 'evaluate' });
            },
          }),
          button({
            label: 'Show the files',
            icon: 'folder',
            secondary: true,
            onPress: () => {
              this.post({ kind: 'reveal' });
            },
          }),
        ),
      ),
    );
    this.announcer.say('run', `${words.headline} ${count(report.suspects.suspected, 'image')} suspected.`);
  }
}
