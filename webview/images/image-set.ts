import type { DataDescription } from '../../src/protocol/evaluation';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h, type Child } from '../dom/element';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { ProgressView, type RunningJob } from '../dom/progress';
import { skippedList } from '../dom/skipped';
import { SortableTable } from '../dom/table';
import { formatCount, plural } from '../text/format';

/** What is known of a set of images. */
export type ImagesState =
  | { readonly state: 'idle' }
  | ({ readonly state: 'running' } & RunningJob)
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: { readonly message: string } }
  | { readonly state: 'done'; readonly result: DataDescription };

interface Options {
  readonly announcer: Announcer;
  /** Topic of its announcements. */
  readonly topic: string;
  /** Said while none are chosen. */
  readonly none: string;
  /** Said of images without labels; empty where labels play no part. */
  readonly unlabelled: string;
  readonly onChoose: (what: 'folder' | 'file') => void;
  readonly onCancel: () => void;
  readonly onLook: () => void;
  /** Further buttons beside those that choose. */
  readonly actions?: readonly HTMLElement[];
}

/** Chooses a set of images and says what is in it. */
export class ImageSet {
  readonly element: HTMLElement;
  private readonly options: Options;
  private readonly source = h('p');
  private readonly progress: ProgressView;
  private readonly outcome = h('div');

  constructor(options: Options) {
    this.options = options;
    this.progress = new ProgressView({
      label: 'Looking at the images',
      onCancel: options.onCancel,
      onRetry: options.onLook,
    });
    const choose = (what: 'folder' | 'file', label: string, icon: string): HTMLElement =>
      button({
        label,
        icon,
        secondary: true,
        onPress: () => {
          options.onChoose(what);
        },
      });
    this.element = h(
      'div',
      {},
      this.source,
      h(
        'div',
        { class: 'actions' },
        choose('folder', 'Choose folder…', 'folder'),
        choose('file', 'Choose dataset file…', 'file'),
        ...(options.actions ?? []),
      ),
      this.progress.element,
      this.outcome,
    );
  }

  /** @param path where the images come from; null while none are chosen */
  showSource(path: string | null): void {
    if (path === null) fill(this.source, this.options.none);
    else fill(this.source, 'From ', nameOf(path));
  }

  /** Shows what is known of them. */
  show(state: ImagesState): void {
    const { announcer, topic, unlabelled } = this.options;
    this.progress.update(state.state === 'running' ? state : null);
    this.outcome.replaceChildren();
    switch (state.state) {
      case 'idle':
      case 'running':
        return;
      case 'cancelled':
        fill(this.outcome, notice('note', h('p', {}, 'The images were not looked at.'), this.again()));
        return;
      case 'failed': {
        const message = visible(state.error.message);
        fill(
          this.outcome,
          notice('error', h('p', {}, h('strong', {}, 'The images cannot be used. '), message), this.again()),
        );
        announcer.say(topic, `The images cannot be used. ${message}`);
        return;
      }
      case 'done':
        fill(this.outcome, ...described(state.result, unlabelled));
        announcer.say(topic, `${imagesFound(state.result)}.`);
    }
  }

  private again(): HTMLElement {
    return h(
      'div',
      { class: 'actions' },
      button({ label: 'Look again', icon: 'refresh', secondary: true, onPress: this.options.onLook }),
    );
  }
}

/** "2,500 images without labels". */
export function imagesFound({ images, classes }: DataDescription): string {
  return classes === null
    ? `${plural(images, 'image')} without labels`
    : `${plural(images, 'image')} in ${plural(classes.length, 'class', 'classes')}`;
}

function described(data: DataDescription, unlabelled: string): Child[] {
  const { classes, modelClasses, warnings, skipped } = data;
  const labelsMatter = unlabelled !== '';
  const differ =
    labelsMatter && classes !== null && modelClasses !== null && classes.length !== modelClasses
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
    labelsMatter && classes === null ? notice('note', h('p', {}, unlabelled)) : null,
    ...warnings.map((warning) => notice('warning', h('p', {}, visible(warning)))),
    labelsMatter && classes !== null ? fold('Classes', classTable(classes)) : null,
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
