import { DEVICES } from '../../src/protocol/evaluation';
import { SPLIT_BOUNDS, type SplitSettings } from '../../src/protocol/split';
import { scheduleOf } from '../../src/protocol/split-cost';
import { PAPER, SCHEDULES, type ScheduleName } from '../../src/protocol/split-schedules';
import { PreprocessingForm } from '../audit/preprocessing';
import { h } from '../dom/element';
import { Checkbox, field, NumberField, setChoices } from '../dom/field';
import { fold, type OpenMemory } from '../dom/fold';
import { section } from '../dom/section';
import { DEVICE_CHOICES } from '../text/device-names';
import type { Part, Post, SplittingState } from './state';

type Stage = keyof SplitSettings['epochs'];
const STAGES: readonly (readonly [Stage, string])[] = [
  ['class-aware', 'Epochs, class-aware'],
  ['class-agnostic', 'Epochs, class-agnostic'],
  ['meta-split', 'Epochs, meta-split'],
];
type Numeric = Exclude<keyof typeof SPLIT_BOUNDS, 'epochs' | 'pad' | 'seedsPerClass'>;
const NUMBERS: readonly (readonly [Numeric, string, 'whole' | 'real'])[] = [
  ['iterations', 'Steps an epoch', 'whole'],
  ['labelledBatch', 'Labelled images a step', 'whole'],
  ['unlabelledBatch', 'Unlabelled images a step', 'whole'],
  ['rate', 'Learning rate (Adam)', 'real'],
  ['views', 'Views a guess is made from (K)', 'whole'],
  ['growth', 'Growth of the pool, images a class', 'whole'],
  ['growEvery', '… every so many epochs', 'whole'],
  ['cleanShare', 'Share of the clean pool, class-agnostic', 'real'],
  ['metaShare', 'Share of the clean pool, meta-split', 'real'],
  ['temperature', 'Sharpening temperature T', 'real'],
  ['alpha', 'Mixup α', 'real'],
  ['lambdaU', 'Weight λu of the unlabelled loss', 'real'],
  ['metaRate', 'Learning rate of the virtual model', 'real'],
  ['metaBatch', 'Batch size of the virtual model', 'whole'],
  ['splitAlpha', 'Split loss: weight of CE', 'real'],
  ['splitBeta', 'Split loss: weight of RCE', 'real'],
];
/** Shown at once; the others lie behind a line that opens them. */
const FIRST = 4;

/** Every setting of a run. */
export class Settings implements Part {
  readonly element: HTMLElement;
  private readonly post: Post;
  private readonly schedule = h('select');
  private readonly decay = h('select');
  private readonly splitOn = h('select');
  private readonly device = h('select');
  private readonly epochs = new Map<Stage, NumberField>();
  private readonly numbers = new Map<Numeric, NumberField>();
  private readonly pad: NumberField;
  private readonly seed: NumberField;
  private readonly flip: Checkbox;
  private readonly form: PreprocessingForm;
  private settings: SplitSettings = PAPER;

  constructor(memory: OpenMemory, post: Post) {
    this.post = post;
    const number = (
      id: string,
      label: string,
      [min, max]: readonly [number, number],
      whole: boolean,
      change: (value: number) => Partial<SplitSettings>,
    ): NumberField =>
      new NumberField(`split-${id}`, label, {
        min,
        max,
        whole,
        onChange: (value) => {
          if (value !== null) this.change(change(value));
        },
      });
    for (const [stage, label] of STAGES)
      this.epochs.set(
        stage,
        number(stage, label, SPLIT_BOUNDS.epochs, true, (value) => ({
          epochs: { ...this.settings.epochs, [stage]: value },
        })),
      );
    for (const [key, label, kind] of NUMBERS)
      this.numbers.set(
        key,
        number(key, label, SPLIT_BOUNDS[key], kind === 'whole', (value) => ({ [key]: value })),
      );
    this.pad = number('pad', 'Random crop, border in pixels', SPLIT_BOUNDS.pad, true, (pad) => ({
      augmentation: { ...this.settings.augmentation, pad },
    }));
    this.seed = number('seed', 'Seed', [0, Number.MAX_SAFE_INTEGER], true, (seed) => ({ seed }));
    this.flip = new Checkbox('Mirror images at random (not for signs or digits)', (flip) => {
      this.change({ augmentation: { ...this.settings.augmentation, flip } });
    });
    const select = (id: string, label: string, control: HTMLSelectElement, onChange: () => void) => {
      control.addEventListener('change', onChange);
      const { element } = field(id, label, control);
      element.classList.add('field-wide');
      return element;
    };
    this.form = new PreprocessingForm((preprocessing) => {
      post({ kind: 'edit', change: { preprocessing } });
    }, 'Applied.');
    const fields = [...this.numbers.values()].map(({ element }) => element);
    this.element = section(
      { id: 'settings', heading: 'Training', memory, initiallyOpen: false },
      h(
        'p',
        {},
        'The paper trains for 120 epochs of 1024 steps, which takes a GPU. The short schedule is for some ten thousand small images and a narrow net on a CPU.',
      ),
      h(
        'div',
        { class: 'form-fields' },
        select('split-schedule', 'Schedule', this.schedule, () => {
          const { value } = this.schedule;
          if (value === 'paper' || value === 'short')
            this.change({ ...SCHEDULES[value], seed: this.settings.seed });
        }),
        ...[...this.epochs.values()].map(({ element }) => element),
        ...fields.slice(0, FIRST),
        this.seed.element,
        select('split-device', 'Device', this.device, () => {
          const device = DEVICES.find((name) => name === this.device.value);
          if (device !== undefined) post({ kind: 'edit', change: { device } });
        }),
      ),
      fold(
        'More settings',
        h(
          'div',
          { class: 'form-fields' },
          ...fields.slice(FIRST),
          this.pad.element,
          select('split-decay', 'Learning rate over the epochs', this.decay, () => {
            this.change({ decay: this.decay.value === 'cosine' ? 'cosine' : 'constant' });
          }),
          select('split-on', 'Split losses are computed on', this.splitOn, () => {
            this.change({ splitOn: this.splitOn.value === 'plain' ? 'plain' : 'augmented' });
          }),
        ),
        h('div', { class: 'checkboxes' }, this.flip.element),
      ),
      this.form.element,
    ).element;
  }

  update({ plan }: SplittingState, before: SplittingState | null): void {
    if (plan === null || plan === before?.plan) return;
    const { settings } = plan;
    this.settings = settings;
    for (const [stage, shown] of this.epochs) shown.set(settings.epochs[stage]);
    for (const [key, shown] of this.numbers) shown.set(settings[key]);
    this.pad.set(settings.augmentation.pad);
    this.seed.set(settings.seed);
    this.flip.set(settings.augmentation.flip);
    setChoices(
      this.schedule,
      [
        ['paper', `Paper: ${epochsOf('paper')} epochs`],
        ['short', `Short: ${epochsOf('short')} epochs`],
        ['own', 'Your own'],
      ],
      scheduleOf(settings),
    );
    setChoices(
      this.decay,
      [
        ['constant', 'Constant (paper)'],
        ['cosine', 'Cosine'],
      ],
      settings.decay,
    );
    setChoices(
      this.splitOn,
      [
        ['augmented', 'Augmented images (paper)'],
        ['plain', 'Images as they are'],
      ],
      settings.splitOn,
    );
    setChoices(this.device, DEVICE_CHOICES, plan.device);
    this.form.update(plan.preprocessing);
  }

  private change(change: Partial<SplitSettings>): void {
    this.settings = { ...this.settings, ...change };
    this.post({ kind: 'edit', change: { settings: this.settings } });
  }
}

/** Of each stage: “60 + 30 + 30”. */
function epochsOf(schedule: ScheduleName): string {
  return STAGES.map(([stage]) => SCHEDULES[schedule].epochs[stage]).join(' + ');
}
