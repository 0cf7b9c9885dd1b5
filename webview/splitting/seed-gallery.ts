import type { LabelledSet, SeedPage, SeedQuery } from '../../src/protocol/seed-picking';
import { SEEDS_ON_PAGE } from '../../src/protocol/split-pages';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h, setText } from '../dom/element';
import { field, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { formatCount } from '../text/format';
import { Pager } from './pager';
import { seedCard, type SeedCard } from './seed-card';
import { enough, lacking, picked, savedInWords, totalInWords } from './seed-counts';
import type { Part, Post, SplittingState } from './state';

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
  private readonly save: ReturnType<typeof button>;
  private readonly counted = h('p', { class: 'seed-count' });
  private readonly pager: Pager;
  private readonly list = h('ul', {
    class: 'seed-grid',
    attributes: { 'aria-label': 'Images to pick from' },
  });
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
    this.pager = new Pager({
      label: 'Reading images',
      size: SEEDS_ON_PAGE,
      empty: 'No image of this class is picked yet.',
      topic: 'seed-page',
      announcer,
      onAsk: (from) => {
        this.ask({ from });
      },
      onCancel: () => {
        post({ kind: 'cancel', job: 'seeds' });
      },
    });
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
      this.pager.status,
      this.list,
      this.pager.controls,
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
    if (seeds.page !== before?.seeds.page)
      this.pager.show(seeds.page, (page) => {
        this.fillList(page);
      });
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

  private fillList({ samples }: SeedPage): void {
    this.cards = samples.map((sample) =>
      seedCard(sample, (isPicked) => {
        this.post({ kind: 'pick', name: sample.name, picked: isPicked });
      }),
    );
    fill(this.list, ...this.cards.map(({ element }) => element));
    this.list.hidden = samples.length === 0;
  }
}
