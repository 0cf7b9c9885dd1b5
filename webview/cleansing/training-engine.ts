import type { TfjsPackage } from '../../src/protocol/training-engine';
import { visible } from '../../src/protocol/wording';
import { button } from '../dom/button';
import { h, setText } from '../dom/element';
import { fold } from '../dom/fold';
import { notice } from '../dom/notice';
import type { Part } from './part';
import type { CleansingState, Post } from './state';

/** What trains the student, as the settings say, and which packages could. */
export class TrainingEngineNote implements Part {
  readonly element: HTMLElement;
  private readonly chosen = h('p');
  private readonly problem = h('div');
  private readonly list = h('ul', { class: 'plain-list' });
  private readonly packages = fold('Packages of TensorFlow.js', this.list);

  constructor(post: Post) {
    this.element = h(
      'div',
      { class: 'spaced', id: 'training-engine' },
      this.chosen,
      this.problem,
      this.packages,
      h(
        'div',
        { class: 'spaced' },
        button({
          label: 'Training engine settings…',
          secondary: true,
          onPress: () => {
            post({ kind: 'openEngineSettings' });
          },
        }),
      ),
    );
    this.element.hidden = true;
  }

  update({ engine }: CleansingState, before: CleansingState | null): void {
    if (engine === null || engine === before?.engine) return;
    const { chosen, packages } = engine;
    this.element.hidden = false;
    const usable = packages.find(({ status }) => status === 'installed');
    setText(
      this.chosen,
      chosen === 'onnxruntime'
        ? 'Trained by onnxruntime, which comes with Scour.'
        : `Trained by TensorFlow.js${usable === undefined ? '' : `: ${wordsOf(usable)}`}`,
    );
    const stuck = chosen === 'tfjs' && usable === undefined;
    this.problem.replaceChildren(
      ...(stuck
        ? [notice('warning', 'No package of TensorFlow.js can be used, so a run will not start: see below.')]
        : []),
    );
    this.packages.open ||= stuck;
    this.list.replaceChildren(...packages.map((each) => h('li', {}, wordsOf(each))));
  }
}

function wordsOf(found: TfjsPackage): string {
  if (found.status !== 'installed') return visible(found.reason, 1000);
  const { name, version, directory } = found;
  return `${visible(name)} ${visible(version, 60)} in ${visible(directory, 200)}. It is loaded when a run starts, and tried before anything else.`;
}
