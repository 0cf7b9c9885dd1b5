import type { CleansingRun } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { trustNotice } from '../audit/trust';
import type { ChartGallery } from '../charts/lazy';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { formatPercent } from '../text/format';
import { guidanceFor } from './guidance';
import { Live } from './live';
import type { Part } from './part';
import { resumable } from './run-words';
import { obstacle, type CleansingState, type Post } from './state';

/** Starts a run, follows it, pauses and ends it. */
export class Run implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly start: ReturnType<typeof button>;
  private readonly pause: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'run-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private readonly live: Live;

  constructor(memory: OpenMemory, gallery: ChartGallery, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    this.live = new Live(gallery);
    const run = (): void => {
      post({ kind: 'run' });
    };
    this.start = button({ label: 'Run', icon: 'play', describedBy: this.why.id, onPress: run });
    this.pause = button({
      label: 'Pause',
      icon: 'pause',
      secondary: true,
      onPress: () => {
        post({ kind: 'pause' });
      },
    });
    this.trust = trustNotice('run-trust', 'Running a model', post);
    this.progress = new ProgressView({
      label: 'Cleansing',
      onCancel: () => {
        post({ kind: 'cancel', job: 'run' });
      },
      onRetry: () => {
        post({ kind: 'cancel', job: 'run' });
      },
    });
    this.section = section(
      { id: 'run', heading: 'Run', memory },
      h(
        'p',
        {},
        'A run keeps its state on disk after every step, or says where that takes too long: it can be paused, cancelled or killed, and resumed from there, also after VS Code was closed.',
      ),
      this.trust,
      h('div', { class: 'actions' }, this.start, this.pause, this.why),
      this.progress.element,
      this.outcome,
      this.live.element,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    const { job } = state;
    const running = job.state.state === 'running';
    this.trust.hidden = state.trusted;
    const why = running ? 'A run goes on.' : obstacle(state);
    setText(this.why, why);
    setEnabled(this.start, why === '');
    this.pause.hidden = !running;
    setEnabled(this.pause, running && !job.pausing);
    if (job.pausing && before?.job.pausing !== true)
      this.announcer.say('run', 'Pausing once the step at hand is done.');
    this.progress.update(
      job.state.state === 'running'
        ? { ...job.state, message: job.pausing ? 'Pausing after this step' : job.state.message }
        : null,
    );
    const shown = state.runs.find(({ id }) => id === job.id) ?? null;
    const was = before?.runs.find(({ id }) => id === before.job.id) ?? null;
    this.live.element.hidden = shown === null;
    if (shown !== null && (shown !== was || state.steps !== before?.steps))
      this.live.update(shown, state.steps?.id === shown.id ? state.steps.points : []);
    if (job.state.state !== before?.job.state.state || shown?.status !== was?.status)
      this.showOutcome(state, shown);
    if (running && shown !== null && shown.history.length > (was?.history.length ?? Infinity))
      this.announcer.say(
        'epoch',
        `Epoch ${shown.history.length} of ${shown.order.training.epochs}: agreement ${formatPercent(shown.history.at(-1)!.agreement)}.`,
      );
  }

  private showOutcome({ job }: CleansingState, run: CleansingRun | null): void {
    this.outcome.replaceChildren();
    switch (job.state.state) {
      case 'idle':
        return;
      case 'running':
        this.announcer.say('run', 'The run has started.');
        return;
      case 'cancelled':
        fill(
          this.outcome,
          notice(
            'note',
            h(
              'p',
              {},
              'The run was cancelled. It can be resumed from its last checkpoint, or deleted, below.',
            ),
          ),
        );
        this.announcer.say('run', 'The run was cancelled.');
        return;
      case 'failed': {
        const message = visible(job.state.error.message, 600);
        // A full disk, a killed engine: what was done is there, and the reason can be put right.
        const kept =
          run !== null && resumable(run)
            ? ' What was done is kept: once the cause is put right, resume the run below.'
            : '';
        fill(this.outcome, notice('error', h('p', {}, h('strong', {}, 'The run failed. '), message, kept)));
        this.announcer.say('run', `The run failed. ${message}${kept}`);
        return;
      }
      case 'done':
        this.ended(run ?? job.state.result);
    }
  }

  private ended(run: CleansingRun): void {
    if (run.status === 'paused') {
      fill(
        this.outcome,
        notice(
          'note',
          h('p', {}, 'The run is paused. It can be resumed now or later; Run above starts another one.'),
          h(
            'div',
            { class: 'actions' },
            button({
              label: 'Resume',
              icon: 'play',
              onPress: () => {
                this.post({ kind: 'resume', id: run.id });
              },
            }),
          ),
        ),
      );
      this.announcer.say('run', 'The run is paused.');
      return;
    }
    const { seen, change, warns } = guidanceFor(run);
    const agreement = run.report?.agreement;
    const ended =
      run.status === 'diverged'
        ? 'The run diverged.'
        : `The run is complete.${agreement === undefined ? '' : ` Student and teacher agree on ${formatPercent(agreement)} of these images.`}`;
    fill(
      this.outcome,
      notice(
        warns || run.status === 'diverged' ? 'warning' : 'note',
        h('p', {}, h('strong', {}, ended), ` ${seen.join(' ')}`),
        ...(change.length === 0
          ? []
          : [
              h('p', {}, warns ? 'What to change:' : 'If a trigger still works in the evaluation:'),
              h('ul', { class: 'plain-list' }, ...change.map((item) => h('li', {}, item))),
            ]),
        h('p', {}, 'Export the student below, then evaluate it.'),
      ),
    );
    this.announcer.say('run', `${ended} ${seen.join(' ')}`);
  }
}
