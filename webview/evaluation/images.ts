import type { DataDescription } from '../../src/protocol/evaluation';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { SortableTable } from '../dom/table';
import { PreprocessingForm } from '../audit/preprocessing';
import { formatCount, plural } from '../text/format';
import { describePreprocessing } from '../text/preprocessing-words';
import { visible } from '../../src/protocol/wording';
import { skippedList } from '../dom/skipped';
import type { EvaluationState, Part, Post } from './state';

const UNKNOWN = 'Read from the model and the files beside it once images are chosen.';

/** The images, what is in them, and how they become the model's input. */
export class Images implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly source = h('p');
  private readonly outcome = h('div');
  private readonly effective = h('p', { class: 'hint' });
  private readonly progress: ProgressView;
  private readonly form: PreprocessingForm;
  private readonly announcer: Announcer;
  private readonly retry: () => void;
  private readonly several = h('p', { class: 'hint' });

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.retry = () => {
      post({ kind: 'describe' });
    };
    this.progress = new ProgressView({
      label: 'Looking at the images',
      onCancel: () => {
        post({ kind: 'cancel', job: 'description' });
      },
      onRetry: this.retry,
    });
    this.form = new PreprocessingForm((preprocessing) => {
      post({ kind: 'edit', change: { preprocessing } });
    }, 'Applied.');
    const choose = (what: 'folder' | 'file', label: string, icon: string): HTMLElement =>
      button({
        label,
        icon,
        secondary: true,
        onPress: () => {
          post({ kind: 'chooseData', what });
        },
      });
    this.section = section(
      { id: 'images', heading: 'Images', memory },
      this.source,
      h(
        'div',
        { class: 'actions' },
        choose('folder', 'Choose folder…', 'folder'),
        choose('file', 'Choose dataset file…', 'file'),
      ),
      this.progress.element,
      this.outcome,
      h('h3', { class: 'spaced' }, 'How an image becomes the model’s input'),
      this.effective,
      this.several,
      this.form.element,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { plan, description, models } = state;
    if (models !== before?.models) {
      const [first] = models;
      this.several.hidden = models.length < 2;
      setText(
        this.several,
        `So it is for ${visible(first?.name ?? '', 120)}. The others are read in the same way, each from the files beside it; what is set here holds for all.`,
      );
    }
    if (plan !== null && plan !== before?.plan) {
      if (plan.data === null) {
        fill(
          this.source,
          'No images chosen. Accuracy and triggers need labels: one folder a class, or a dataset file ' +
            '(CIFAR, MNIST, .npz, GTSRB, zip or tar of folders). A flat folder is unlabelled.',
        );
      } else fill(this.source, 'From ', nameOf(plan.data));
      this.form.update(plan.preprocessing);
    }
    if (description === before?.description) return;
    this.progress.update(description.state === 'running' ? description : null);
    this.outcome.replaceChildren();
    setText(this.section.aside, '');
    switch (description.state) {
      case 'idle':
        setText(this.effective, UNKNOWN);
        return;
      case 'cancelled':
        setText(this.effective, UNKNOWN);
        fill(this.outcome, notice('note', h('p', {}, 'The images were not looked at.'), this.again()));
        return;
      case 'running':
        return;
      case 'failed': {
        const message = visible(description.error.message);
        fill(
          this.outcome,
          notice('error', h('p', {}, h('strong', {}, 'The images cannot be used. '), message), this.again()),
        );
        this.announcer.say('images', `The images cannot be used. ${message}`);
        return;
      }
      case 'done': {
        const { images, classes } = description.result;
        const found =
          classes === null
            ? `${plural(images, 'image')} without labels`
            : `${plural(images, 'image')} in ${plural(classes.length, 'class', 'classes')}`;
        setText(this.section.aside, found);
        setText(this.effective, describePreprocessing(description.result.preprocessing));
        fill(this.outcome, ...described(description.result));
        this.announcer.say('images', `${found}.`);
        return;
      }
    }
  }

  private again(): HTMLElement {
    return h(
      'div',
      { class: 'actions' },
      button({ label: 'Look again', icon: 'refresh', secondary: true, onPress: this.retry }),
    );
  }
}

function described(data: DataDescription): (HTMLElement | null)[] {
  const { classes, modelClasses, warnings, skipped } = data;
  const differ =
    classes !== null && modelClasses !== null && classes.length !== modelClasses
      ? notice(
          'warning',
          h(
            'p',
            {},
            `The images have ${plural(classes.length, 'class', 'classes')}, the model tells ${formatCount(modelClasses)} apart. ` +
              'Classes are numbered by sorted folder name: check that they are the model’s.',
          ),
        )
      : null;
  return [
    differ,
    classes === null
      ? notice(
          'note',
          h(
            'p',
            {},
            'These images have no labels, so there is no accuracy to measure. How predictions spread, and how they agree between models and over u, can be.',
          ),
        )
      : null,
    ...warnings.map((warning) => notice('warning', h('p', {}, visible(warning)))),
    classes === null ? null : fold('Classes', classTable(classes)),
    skippedList(skipped),
  ];
}

function classTable(classes: NonNullable<DataDescription['classes']>): HTMLElement {
  const table = new SortableTable<{ index: number; name: string; n: number }>({
    caption: 'Classes of the images',
    empty: 'There are no classes.',
    columns: [
      {
        id: 'index',
        label: 'Number',
        numeric: true,
        value: ({ index }) => index,
        cell: ({ index }) => String(index),
      },
      { id: 'name', label: 'Class', value: ({ name }) => name, cell: ({ name }) => nameOf(name) },
      { id: 'n', label: 'Images', numeric: true, value: ({ n }) => n, cell: ({ n }) => formatCount(n) },
    ],
  });
  table.update(classes.map(({ name, n }, index) => ({ index, name, n })));
  return table.element;
}
