import { DEFAULT_TRAINING, TRAINING_BOUNDS, type TrainingChoice } from '../../src/protocol/cleansing';
import { DEVICES } from '../../src/protocol/evaluation';
import { h, setText } from '../dom/element';
import { Checkbox, field, NumberField, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { DEVICE_CHOICES } from '../text/device-names';
import type { Part } from './part';
import { TrainingEngineNote } from './training-engine';
import { stepsInWords } from './steps-words';
import type { CleansingState, Post } from './state';

/** What a constant temperature starts at when it is chosen. */
const CONSTANT = 2;

type Numbers = 'epochs' | 'batchSize' | 'rate';

/** How the student is trained. */
export class Training implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly post: Post;
  private readonly numbers: Readonly<Record<Numbers, NumberField>>;
  private readonly samples: NumberField;
  private readonly seed: NumberField;
  private readonly pad: NumberField;
  private readonly flip: Checkbox;
  private readonly restoreNorms: Checkbox;
  private readonly labels = h('select');
  private readonly schedule = h('select');
  private readonly temperature: NumberField;
  private readonly device = h('select');
  private readonly engine: TrainingEngineNote;
  private readonly sum = h('p', { class: 'hint spaced' });
  private training: TrainingChoice = DEFAULT_TRAINING;

  constructor(memory: OpenMemory, post: Post) {
    this.post = post;
    this.engine = new TrainingEngineNote(post);
    const number = (key: Numbers, label: string, whole: boolean, hint = ''): NumberField => {
      const [min, max] = TRAINING_BOUNDS[key];
      return new NumberField(
        `training-${key}`,
        label,
        {
          min,
          max,
          whole,
          onChange: (value) => {
            if (value !== null) this.change({ [key]: value });
          },
        },
        hint,
      );
    };
    this.numbers = {
      epochs: number('epochs', 'Epochs', true),
      batchSize: number('batchSize', 'Batch size', true),
      rate: number('rate', 'Learning rate', false, 'At the start; it falls on a cosine.'),
    };
    this.samples = new NumberField('training-samples', 'At most this many images', {
      min: 2,
      max: 100_000_000,
      whole: true,
      whenEmpty: 'all',
      onChange: (samples) => {
        post({ kind: 'edit', change: { samples } });
      },
    });
    this.seed = new NumberField('training-seed', 'Seed', {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      whole: true,
      onChange: (seed) => {
        if (seed !== null) this.change({ seed });
      },
    });
    const [padMin, padMax] = TRAINING_BOUNDS.pad;
    this.pad = new NumberField(
      'training-pad',
      'Random crop (pixels)',
      {
        min: padMin,
        max: padMax,
        whole: true,
        onChange: (pad) => {
          if (pad !== null) this.change({ augmentation: { ...this.training.augmentation, pad } });
        },
      },
      '0: no cropping.',
    );
    this.flip = new Checkbox('Mirror images at random (not for signs or digits)', (flip) => {
      this.change({ augmentation: { ...this.training.augmentation, flip } });
    });
    this.restoreNorms = new Checkbox(
      'Put batch norms back for the training where the exporter folded them away',
      (restoreNorms) => {
        this.change({ restoreNorms });
      },
    );
    const labelsField = field('training-labels', 'Labels', this.labels);
    this.labels.addEventListener('change', () => {
      this.change({ labels: this.labels.value === 'hard' ? 'hard' : 'soft' });
    });
    const scheduleField = field('training-schedule', 'Temperature', this.schedule);
    this.schedule.addEventListener('change', () => {
      this.change({ temperature: this.schedule.value === 'constant' ? CONSTANT : null });
    });
    for (const { element } of [labelsField, scheduleField]) element.classList.add('field-wide');
    const [coldest, hottest] = TRAINING_BOUNDS.temperature;
    this.temperature = new NumberField('training-temperature', 'Constant temperature', {
      min: coldest,
      max: hottest,
      whole: false,
      onChange: (temperature) => {
        if (temperature !== null) this.change({ temperature });
      },
    });
    const deviceField = field('device', 'Device', this.device);
    this.device.addEventListener('change', () => {
      const chosen = DEVICES.find((name) => name === this.device.value);
      if (chosen !== undefined) post({ kind: 'edit', change: { device: chosen } });
    });
    this.section = section(
      { id: 'training', heading: 'Training', memory },
      h(
        'p',
        {},
        'The student learns to predict what its teacher does on the unlabeled images. The paper trains for 100 epochs.',
      ),
      h(
        'div',
        { class: 'form-fields' },
        this.numbers.epochs.element,
        this.numbers.batchSize.element,
        this.numbers.rate.element,
        this.samples.element,
        labelsField.element,
        scheduleField.element,
        this.temperature.element,
        this.pad.element,
        this.seed.element,
        deviceField.element,
      ),
      h('div', { class: 'checkboxes' }, this.flip.element, this.restoreNorms.element),
      this.sum,
      this.engine.element,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    this.engine.update(state, before);
    const { plan } = state;
    if (plan === null) return;
    if (plan !== before?.plan) {
      const { training } = plan;
      this.training = training;
      for (const [key, number] of Object.entries(this.numbers)) number.set(training[key as Numbers]);
      this.samples.set(plan.samples);
      this.seed.set(training.seed);
      this.pad.set(training.augmentation.pad);
      this.flip.set(training.augmentation.flip);
      this.restoreNorms.set(training.restoreNorms);
      setChoices(
        this.labels,
        [
          ['soft', 'Soft: the teacher’s distribution'],
          ['hard', 'Hard: its predicted class'],
        ],
        training.labels,
      );
      setChoices(
        this.schedule,
        [
          ['rising', 'Rising from 1 to 4 (paper)'],
          ['constant', 'Constant'],
        ],
        training.temperature === null ? 'rising' : 'constant',
      );
      this.temperature.set(training.temperature);
      this.temperature.element.hidden = training.temperature === null;
      setChoices(this.device, DEVICE_CHOICES, plan.device);
    }
    const { data } = state.images;
    setText(this.sum, data.state === 'done' ? stepsInWords(data.result.images, plan) : '');
  }

  private change(change: Partial<TrainingChoice>): void {
    this.training = { ...this.training, ...change };
    this.post({ kind: 'edit', change: { training: this.training } });
  }
}
