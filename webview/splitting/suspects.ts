import { SUSPECTS_ON_PAGE } from '../../src/protocol/split-pages';
import type { SuspectPage } from '../../src/protocol/splitting';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { fill, h } from '../dom/element';
import { field, setChoices } from '../dom/field';
import type { OpenMemory } from '../dom/fold';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { picture, scaleFor } from '../dom/picture';
import { section } from '../dom/section';
import { formatCount, formatStatistic, plural } from '../text/format';
import { Pager } from './pager';
import { reportOf, type Part, type Post, type SplittingState } from './state';

/** Side that images are shown at, at least, in pixels of the page. */
const SHOWN = 96;

/** The ranked images as a gallery in pages, their list as a file, and their quarantine. */
export class Suspects implements Part {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly post: Post;
  private readonly which = h('select');
  private readonly label = h('select');
  private readonly pager: Pager;
  private readonly gallery = h('ul', { class: 'suspects' });
  private readonly quarantine: ReturnType<typeof button>;
  private readonly release: ReturnType<typeof button>;
  private readonly held = h('p');
  private readonly moved = h('div');
  /** Names of the classes by number. */
  private classes: readonly string[] = [];

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.announcer = announcer;
    this.post = post;
    const ask = (): void => {
      this.ask(0);
    };
    const select = (id: string, label: string, control: HTMLSelectElement): HTMLElement => {
      control.addEventListener('change', ask);
      return field(id, label, control).element;
    };
    this.pager = new Pager({
      label: 'Reading the ranked images',
      size: SUSPECTS_ON_PAGE,
      empty: 'No image of this kind.',
      topic: 'page',
      announcer,
      onAsk: (from) => {
        this.ask(from);
      },
      onCancel: () => {
        post({ kind: 'cancel', job: 'page' });
      },
    });
    const simple = (label: string, icon: string, message: Parameters<Post>[0]) =>
      button({
        label,
        icon,
        secondary: true,
        onPress: () => {
          post(message);
        },
      });
    this.quarantine = simple('Move suspects to quarantine…', 'folder', { kind: 'quarantine' });
    this.release = simple('Put them back', 'undo', { kind: 'release' });
    this.element = section(
      { id: 'suspects', heading: 'Ranked images', memory },
      h(
        'p',
        {},
        'The most suspect first. Hard and wrongly labelled images are among the suspects: look before you move any. ' +
          'The score is the fall of the split loss in a virtual epoch on all labels.',
      ),
      h(
        'div',
        { class: 'form-fields' },
        select('suspects-which', 'Show', this.which),
        select('suspects-label', 'Label', this.label),
      ),
      this.pager.status,
      this.gallery,
      this.pager.controls,
      h('h3', {}, 'The list'),
      h(
        'div',
        { class: 'actions' },
        simple('Save as CSV…', 'save', { kind: 'save', format: 'csv' }),
        simple('Save as JSON…', 'save', { kind: 'save', format: 'json' }),
      ),
      h('h3', {}, 'Quarantine'),
      this.held,
      h('div', { class: 'actions' }, this.quarantine, this.release),
      this.moved,
    ).element;
  }

  update(state: SplittingState, before: SplittingState | null): void {
    const report = reportOf(state);
    this.element.hidden = report === null;
    if (report === null) return;
    const { page, plan } = state;
    const held = plan?.quarantine ?? null;
    if (plan !== before?.plan || state.found !== before.found || state.trusted !== before.trusted) {
      fill(
        this.held,
        ...(held === null
          ? [
              'Suspected images can be moved out of the dataset, into a folder of their own. You are asked first, nothing is deleted, and it can be undone.',
            ]
          : ['Suspected images were moved to ', nameOf(held), '.']),
      );
      this.quarantine.hidden = held !== null;
      setEnabled(this.quarantine, report.suspects.suspected > 0 && state.trusted);
      this.release.hidden = held === null;
    }
    if (page !== before?.page || report !== reportOf(before)) {
      setChoices(
        this.which,
        [
          ['suspected', `Suspected (${formatCount(report.suspects.suspected)})`],
          ['all', `All (${formatCount(report.data.images)})`],
        ],
        page.which,
      );
      setChoices(
        this.label,
        [
          ['', 'Every class'],
          ...report.data.classes.map(({ name }, at) => [String(at), visible(name, 60)] as const),
        ],
        page.label === null ? '' : String(report.data.classes.findIndex(({ name }) => name === page.label)),
      );
      this.classes = report.data.classes.map(({ name }) => name);
      this.pager.show(page.state, (shown) => {
        fill(this.gallery, ...shown.samples.map((sample) => card(sample, shown)));
      });
    }
    if (state.move !== before?.move) this.showMove(state.move);
  }

  private ask(from: number): void {
    const label = this.label.value === '' ? null : (this.classes[Number(this.label.value)] ?? null);
    this.post({ kind: 'page', which: this.which.value === 'all' ? 'all' : 'suspected', label, from });
  }

  private showMove({ state, back }: SplittingState['move']): void {
    this.moved.replaceChildren();
    if (state.state === 'failed') {
      const message = visible(state.error.message, 600);
      fill(this.moved, notice('error', h('p', {}, message)));
      this.announcer.say('move', message);
    }
    if (state.state !== 'done') return;
    const { images, folder } = state.result;
    const words = `${plural(images, 'image')} ${images === 1 ? 'was' : 'were'} ${back ? 'put back from' : 'moved to'} `;
    fill(this.moved, notice('note', h('p', {}, words, nameOf(folder), '.')));
    this.announcer.say('move', `${words}${visible(folder)}.`);
  }
}

function card(sample: SuspectPage['samples'][number], { width, height }: SuspectPage): HTMLElement {
  const { rank, path, label, predicted, loss, score, image, suspected } = sample;
  const alt = `Rank ${rank}: ${visible(path, 80)}`;
  const line = (term: string, value: string): HTMLElement =>
    h('div', {}, h('dt', {}, term), h('dd', {}, h('bdi', {}, value)));
  return h(
    'li',
    { class: 'suspect' },
    image === null
      ? h('div', { class: 'no-picture hint' }, 'cannot be read any more')
      : picture(image, width, height, scaleFor(width, height, SHOWN), alt),
    h('p', { class: 'suspect-name' }, `${formatCount(rank)}. `, nameOf(path)),
    h(
      'dl',
      {},
      line('Label', visible(label, 60)),
      line('Predicted', predicted === null ? '–' : visible(predicted, 60)),
      line('Loss', loss === null ? '–' : formatStatistic(loss)),
      line('Score', score === null ? '–' : formatStatistic(score)),
      line('Suspected', suspected ? 'yes' : 'no'),
    ),
  );
}
