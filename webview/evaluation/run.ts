import { DEVICES } from '../../src/protocol/evaluation';
import { trustNotice } from '../audit/trust';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { Checkbox, field, NumberField, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { showUnfinished } from '../dom/job-end';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { DEVICE_CHOICES } from '../text/device-names';
import { obstacle, type EvaluationState, type Part, type Post } from './state';

/** Starts the evaluation and follows it. */
export class Run implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly device = h('select');
  private readonly limit: NumberField;
  private readonly seed: NumberField;
  private readonly boxes: Readonly<Record<'samples' | 'tac' | 'embedding', Checkbox>>;
  private readonly start: ReturnType<typeof button>;
  private readonly why = h('span', { id: 'run-why', class: 'hint' });
  private readonly trust: HTMLElement;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private readonly showReport: () => void;

  /** @param showReport brings the report into view */
  constructor(memory: OpenMemory, announcer: Announcer, post: Post, showReport: () => void) {
    this.announcer = announcer;
    this.showReport = showReport;
    const run = (): void => {
      post({ kind: 'run' });
    };
    this.start = button({ label: 'Evaluate', icon: 'play', describedBy: 'run-why', onPress: run });
    const deviceField = field('device', 'Device', this.device);
    this.device.addEventListener('change', () => {
      const chosen = DEVICES.find((name) => name === this.device.value);
      if (chosen !== undefined) post({ kind: 'edit', change: { device: chosen } });
    });
    this.limit = new NumberField('limit', 'At most this many images', {
      min: 1,
      max: 100_000_000,
      whole: true,
      whenEmpty: 'all',
      onChange: (limit) => {
        post({ kind: 'edit', change: { limit } });
      },
    });
    this.seed = new NumberField('seed', 'Seed', {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      whole: true,
      onChange: (seed) => {
        if (seed !== null) post({ kind: 'edit', change: { seed } });
      },
    });
    this.boxes = {
      samples: new Checkbox('Sample images with both predictions', (samples) => {
        post({ kind: 'edit', change: { samples } });
      }),
      tac: new Checkbox('Trigger-activated change beside UCLC, by channel', (tac) => {
        post({ kind: 'edit', change: { tac } });
      }),
      embedding: new Checkbox('Penultimate features in the plane', (embedding) => {
        post({ kind: 'edit', change: { embedding } });
      }),
    };
    this.trust = trustNotice('run-trust', 'Running a model', post);
    this.progress = new ProgressView({
      label: 'Evaluating',
      onCancel: () => {
        post({ kind: 'cancel', job: 'run' });
      },
      onRetry: run,
    });
    this.section = section(
      { id: 'run', heading: 'Run', memory },
      h('div', { class: 'form-fields' }, deviceField.element, this.limit.element, this.seed.element),
      h(
        'fieldset',
        { class: 'checkboxes' },
        h('legend', {}, 'For each trigger, also'),
        ...Object.values(this.boxes).map((box) => box.element),
      ),
      this.trust,
      h('div', { class: 'actions' }, this.start, this.why),
      this.progress.element,
      this.outcome,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { plan, run } = state;
    if (plan !== null && plan !== before?.plan) {
      setChoices(this.device, DEVICE_CHOICES, plan.device);
      this.limit.set(plan.limit);
      this.seed.set(plan.seed);
      this.boxes.samples.set(plan.samples);
      this.boxes.tac.set(plan.tac);
      this.boxes.embedding.set(plan.embedding);
    }
    this.trust.hidden = state.trusted;
    const why = run.state === 'running' ? 'An evaluation is running.' : obstacle(state);
    setText(this.why, why);
    setEnabled(this.start, why === '');
    if (run !== before?.run) this.show(state, before);
  }

  private show({ run }: EvaluationState, before: EvaluationState | null): void {
    this.progress.update(run.state === 'running' ? run : null);
    if (run.state !== before?.run.state || run.state !== 'running') this.outcome.replaceChildren();
    switch (run.state) {
      case 'idle':
        return;
      case 'running':
        if (before?.run.state !== 'running') this.announcer.say('run', 'The evaluation has started.');
        return;
      case 'cancelled':
      case 'failed':
        showUnfinished(this.outcome, this.announcer, 'run', 'evaluation', run);
        return;
      case 'done':
        fill(
          this.outcome,
          h(
            'div',
            { class: 'actions' },
            button({ label: 'Show the report', icon: 'graph', secondary: true, onPress: this.showReport }),
          ),
        );
    }
  }
}
