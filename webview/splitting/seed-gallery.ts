import type { LabelledSet, SeedPage, SeedQuery } from '../../src/protocol/seed-picking';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { field, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { section, type Section } from '../dom/section';
import { formatCount, plural } from '../text/format';
import { seedCard, type SeedCard } from './seed-card';
import { enough, lacking, picked, savedInWords, totalInWords } from './seed-counts';
import type { Part, Post, SplittingState } from './state';

/** Images on a page, where the host sends as many. */
const PAGE = 24;
const ORDERS: readonly (readonly [SeedQuery['order'], string])[] = [
  ['random', 'All, in random order'],
  ['listed', 'All, as they lie in the dataset'],
  ['picked', 'Picked ones'],
];

/** The dataset's images, class by class, to pick known-clean seeds from. */
export class SeedGallery implements Part {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly section: Section;
  private readonly label = h('select');
  private readonly order = h('select');
  private readonly shuffle: ReturnType<typeof button>;
  private readonly nextClass: ReturnType<typeof button>;
  private readonly previous: ReturnType<typeof button>;
  private readonly next: ReturnType<typeof button>;
  private readonly save: ReturnType<typeof button>;
  private readonly counted = h('p', { class: 'seed-count' });
  private readonly progress: ProgressView;
  private readonly problem = h('div');
  private readonly list = h('ul', {
    class: 'seed-grid',
    attributes: { 'aria-label': 'Images to pick from' },
  });
  private readonly shown = h('span', { class: 'hint' });
  private readonly saved = h('p', { class: 'hint' });
  private cards: readonly SeedCard[] = [];
  private state: SplittingState | null = null;

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    const press = (label: string, icon: string | null, onPress: () => void) =>
      button({ label, ...(icon === null ? {} : { icon }), secondary: true, onPress });
    this.shuffle = press('Shuffle', 'refresh', () => {
      this.ask({ order: 'random', shuffle: (this.query?.shuffle ?? 0) + 1, from: 0 });
    });
    this.nextClass = press('Next class that needs seeds', null, () => {
      const [first] = this.state === null ? [] : lacking(this.state, this.query?.label ?? 0);
      if (first !== undefined) this.ask({ label: first, from: 0 });
    });
    this.previous = press('Previous page', null, () => {
      this.ask({ from: Math.max(0, (this.query?.from ?? 0) - PAGE) });
    });
    this.next = press('Next page', null, () => {
      this.ask({ from: (this.query?.from ?? 0) + PAGE });
    });
    this.save = button({
      label: 'Save the list and use it…',
      icon: 'save',
      onPress: () => {
        post({ kind: 'savePicks' });
      },
    });
    const select = (id: string, label: string, control: HTMLSelectElement, change: () => void) => {
      control.addEventListener('change', change);
      const { element } = field(id, label, control);
      element.classList.add('field-wide');
      return element;
    };
    const cancel = (): void => {
      post({ kind: 'cancel', job: 'seeds' });
    };
    this.progress = new ProgressView({ label: 'Reading images', onCancel: cancel, onRetry: cancel });
    this.section = section(
      {
        id: 'seeds',
        heading: 'Pick known-clean seeds',
        memory,
        initiallyOpen: false,
        onOpen: () => {
          this.open();
        },
      },
      h(
        'p',
        {},
        'Pick images that plainly show their class and carry nothing odd: no patch, dots, frame, ghost of another picture or warped edges. The first epochs learn from these alone, so a poisoned seed undoes the defence.',
      ),
      h(
        'div',
        { class: 'form-fields' },
        select('seed-class', 'Class', this.label, () => {
          this.ask({ label: Number(this.label.value), from: 0 });
        }),
        select('seed-order', 'Show', this.order, () => {
          const order = ORDERS.find(([key]) => key === this.order.value)?.[0] ?? 'random';
          this.ask({ order, from: 0 });
        }),
      ),
      h('div', { class: 'actions' }, this.shuffle, this.nextClass, this.counted),
      this.progress.element,
      this.problem,
      this.list,
      h('div', { class: 'actions' }, this.previous, this.next, this.shown),
      h('div', { class: 'actions' }, this.save),
      this.saved,
    );
    this.element = this.section.element;
  }

  update(state: SplittingState, before: SplittingState | null): void {
    this.state = state;
    const { set, plan, seeds } = state;
    this.element.hidden = set.state !== 'done';
    if (set.state !== 'done' || plan === null) return;
    this.open();
    if (seeds.page !== before?.seeds.page) this.showPage(seeds.page);
    if (plan === before?.plan && set === before.set && seeds === before.seeds) return;
    this.showCounts(set.result, state);
    const names = new Set(plan.picks.flatMap((each) => each.names));
    for (const card of this.cards) card.check(names.has(card.name));
    setText(this.section.aside, totalInWords(state));
    setEnabled(this.save, names.size > 0);
    setText(this.saved, savedInWords(plan));
  }

  private get query(): SeedQuery | null {
    return this.state?.seeds.query ?? null;
  }

  /** Asks for the first page once the gallery is open and the classes are known. */
  private open(): void {
    const { state } = this;
    if (!this.section.isOpen() || state?.set.state !== 'done' || state.seeds.page.state !== 'idle') return;
    if (this.asked) return;
    this.asked = true;
    this.ask({});
  }
  private asked = false;

  private ask(change: Partial<SeedQuery>): void {
    const query = { label: 0, order: 'random' as const, shuffle: 1, from: 0, ...this.query, ...change };
    this.post({ kind: 'seedPage', query });
  }

  private showCounts({ classes }: LabelledSet, state: SplittingState): void {
    const { label, order } = state.seeds.query;
    const wanted = state.plan!.seedsPerClass;
    setChoices(
      this.label,
      classes.map(
        ({ name }, at) =>
          [String(at), `${visible(name, 60)}: ${picked(state, name)} of ${formatCount(wanted)}`] as const,
      ),
      String(label),
    );
    setChoices(this.order, ORDERS, order);
    setEnabled(this.shuffle, order === 'random');
    setEnabled(this.nextClass, lacking(state, label).length > 0);
    const name = classes[label]?.name ?? '';
    const words = `${visible(name, 60)}: ${picked(state, name)} of ${formatCount(wanted)} picked.`;
    if (this.counted.textContent !== '' && this.counted.textContent !== words)
      this.announcer.say('seeds', words);
    setText(this.counted, words);
    this.counted.classList.toggle('is-enough', enough(state, name));
  }

  private showPage(page: SplittingState['seeds']['page']): void {
    this.progress.update(page.state === 'running' ? page : null);
    this.problem.replaceChildren();
    if (page.state === 'failed')
      fill(this.problem, notice('error', h('p', {}, visible(page.error.message, 600))));
    if (page.state === 'cancelled') fill(this.problem, notice('note', h('p', {}, 'The page was not read.')));
    if (page.state !== 'done') return;
    this.fillList(page.result);
  }

  private fillList({ from, total, samples }: SeedPage): void {
    this.cards = samples.map((sample) =>
      seedCard(sample, (isPicked) => {
        this.post({ kind: 'pick', name: sample.name, picked: isPicked });
      }),
    );
    fill(this.list, ...this.cards.map(({ element }) => element));
    this.list.hidden = samples.length === 0;
    const words =
      total === 0
        ? 'No image of this class is picked yet.'
        : `${formatCount(from + 1)} to ${formatCount(from + samples.length)} of ${plural(total, 'image')}.`;
    setText(this.shown, words);
    setEnabled(this.previous, from > 0);
    setEnabled(this.next, from + samples.length < total);
    this.announcer.say('seed-page', words);
  }
}
