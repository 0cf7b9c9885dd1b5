import { SPLIT_FILES, type SplitFile } from '../../src/protocol/splitting-panel';
import type { DataDescription } from '../../src/protocol/evaluation';
import type { LabelledSet } from '../../src/protocol/seed-picking';
import { visible } from '../../src/protocol/wording';
import { formatCount, plural } from '../text/format';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { field, NumberField, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section } from '../dom/section';
import { SPLIT_BOUNDS } from '../../src/protocol/split';
import type { Part, Post, SplittingState } from './state';

const WORDS: Readonly<Record<SplitFile, { label: string; hint: string; none: string }>> = {
  architecture: {
    label: 'Architecture',
    hint: 'An ONNX classifier with as many outputs as there are classes; its weights are drawn anew.',
    none: 'Not chosen.',
  },
  seeds: {
    label: 'Known-clean seeds',
    hint: 'Images of the dataset that you have looked at: one folder a class, a .txt list of names, or pick them below.',
    none: 'Not chosen.',
  },
  output: {
    label: 'Results',
    hint: 'The model, the report and the ranked list go here; results of an earlier run are shown.',
    none: 'Not chosen.',
  },
  test: {
    label: 'Test images (optional)',
    hint: 'Labelled, not from the dataset: accuracy (ACC) is measured after every epoch.',
    none: 'None: accuracy is not measured.',
  },
  triggered: {
    label: 'Triggered test images (optional)',
    hint: 'They carry a trigger, in folders by true class: its success (ASR) and robust accuracy (RA).',
    none: 'None: nothing is measured of a backdoor.',
  },
};
const CHOICES: Readonly<Record<SplitFile, readonly ('folder' | 'file')[]>> = {
  architecture: ['file'],
  seeds: ['folder', 'file'],
  output: ['folder'],
  test: ['folder', 'file'],
  triggered: ['folder', 'file'],
};

/** The dataset, and the files and folders of a plan. */
export class Files implements Part {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly sources = new Map<SplitFile, HTMLElement>();
  private readonly forget = new Map<SplitFile, HTMLElement>();
  private readonly images = h('p');
  private readonly problem = h('div');
  private readonly progress: ProgressView;
  private readonly perClass: NumberField;
  private readonly target = h('select');
  private readonly targetField = field('split-target', 'Target class of the trigger', this.target);

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.progress = new ProgressView({
      label: 'Looking at the images',
      onCancel: () => {
        post({ kind: 'cancel', job: 'set' });
        post({ kind: 'cancel', job: 'images' });
      },
      onRetry: () => {
        post({ kind: 'describe' });
      },
    });
    const [min, max] = SPLIT_BOUNDS.seedsPerClass;
    this.perClass = new NumberField('seeds-per-class', 'Seeds every class must have', {
      min,
      max,
      whole: true,
      onChange: (seedsPerClass) => {
        if (seedsPerClass !== null) post({ kind: 'edit', change: { seedsPerClass } });
      },
    });
    this.perClass.element.classList.add('field-wide');
    this.targetField.element.classList.add('field-wide');
    this.target.addEventListener('change', () => {
      const { value } = this.target;
      post({ kind: 'edit', change: { target: value === '' ? null : Number(value) } });
    });
    this.element = section(
      { id: 'files', heading: 'Dataset and files', memory },
      this.images,
      this.progress.element,
      this.problem,
      ...SPLIT_FILES.map((name) => this.row(name, post)),
      h('div', { class: 'form-fields' }, this.perClass.element, this.targetField.element),
    ).element;
  }

  private row(name: SplitFile, post: Post): HTMLElement {
    const source = h('p', { class: 'path' });
    this.sources.set(name, source);
    const choose = CHOICES[name].map((what) =>
      button({
        label: `Choose ${what}…`,
        icon: what,
        secondary: true,
        describedBy: `file-${name}`,
        onPress: () => {
          post({ kind: 'choose', field: name, what });
        },
      }),
    );
    const drop =
      name === 'test' || name === 'triggered'
        ? button({
            label: 'Do not use',
            icon: 'close',
            secondary: true,
            describedBy: `file-${name}`,
            onPress: () => {
              post({ kind: 'forget', field: name });
            },
          })
        : null;
    if (drop !== null) this.forget.set(name, drop);
    const { label, hint } = WORDS[name];
    return h(
      'div',
      { class: 'split-file' },
      h('h3', { id: `file-${name}` }, label),
      h('p', { class: 'hint' }, hint),
      source,
      h('div', { class: 'actions' }, ...choose, drop),
    );
  }

  update(state: SplittingState, before: SplittingState | null): void {
    if (state.set !== before?.set || state.images !== before.images) this.describe(state);
    const { plan } = state;
    if (plan === null || (plan === before?.plan && state.set === before.set)) return;
    for (const [name, source] of this.sources) {
      const chosen = plan[name];
      fill(source, chosen === null ? WORDS[name].none : nameOf(chosen));
      source.className = chosen === null ? 'hint' : 'path';
    }
    for (const [name, drop] of this.forget) drop.hidden = plan[name as 'test' | 'triggered'] === null;
    this.perClass.set(plan.seedsPerClass);
    this.targetField.element.hidden = plan.triggered === null;
    const classes = state.set.state === 'done' ? state.set.result.classes : [];
    const known = classes.map(({ name }, at) => [String(at), `${at}: ${visible(name, 60)}`] as const);
    const missing =
      plan.target !== null && plan.target >= classes.length
        ? [[String(plan.target), `Class ${plan.target}`] as const]
        : [];
    setChoices(
      this.target,
      [['', 'Choose…'], ...known, ...missing],
      plan.target === null ? '' : String(plan.target),
    );
  }

  private describe({ set, images }: SplittingState): void {
    const looking = [set, images].find(({ state }) => state === 'running');
    this.progress.update(looking?.state === 'running' ? looking : null);
    setText(this.images, set.state === 'done' ? setInWords(set.result) : '');
    fill(
      this.problem,
      this.failure('This dataset cannot be split.', set),
      this.failure('The images do not fit the architecture.', images),
      ...(set.state === 'done' && images.state === 'done' ? fitNotices(set.result, images.result) : []),
    );
  }

  private failure(what: string, state: SplittingState['set' | 'images']): HTMLElement | null {
    if (state.state !== 'failed') return null;
    const message = visible(state.error.message, 600);
    this.announcer.say('images', `${what} ${message}`);
    return notice('error', h('p', {}, h('strong', {}, what), ` ${message}`));
  }
}

function setInWords({ images, classes, skipped }: LabelledSet): string {
  const least = classes.reduce((a, b) => (b.images < a.images ? b : a));
  const out =
    skipped > 0 ? ` ${plural(skipped, 'file')} in it ${skipped === 1 ? 'is' : 'are'} not used.` : '';
  return `${plural(images, 'image')} in ${plural(classes.length, 'class', 'classes')}; the smallest, ${visible(least.name, 60)}, has ${formatCount(least.images)}.${out}`;
}

/** What stands between the images and the architecture. */
function fitNotices({ classes }: LabelledSet, { modelClasses, warnings }: DataDescription): HTMLElement[] {
  const differ =
    modelClasses !== null && modelClasses !== classes.length
      ? [
          `The dataset has ${plural(classes.length, 'class', 'classes')}, the architecture tells ${formatCount(modelClasses)} apart. Export it with as many outputs as there are classes.`,
        ]
      : [];
  return [...differ, ...warnings].map((words) => notice('warning', h('p', {}, visible(words))));
}
