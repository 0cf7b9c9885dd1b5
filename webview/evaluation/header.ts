import { button } from '../dom/button';
import { fill, h, icon } from '../dom/element';
import { nameOf } from '../dom/name';
import { visible } from '../../src/protocol/wording';
import type { EvaluationState, ModelFile, Part, Post } from './state';

/** What is evaluated: the models, the first of which the others are compared with. */
export class Header implements Part {
  private readonly list = h('ul', { class: 'model-list', attributes: { 'aria-label': 'Models' } });
  readonly element: HTMLElement;
  private readonly post: Post;

  constructor(post: Post) {
    this.post = post;
    this.element = h(
      'header',
      { class: 'header' },
      h('h1', {}, 'Evaluate on images'),
      h(
        'p',
        { class: 'hint' },
        'How often each model is right without a trigger, and where it sends images with one. The models only run; no file is changed.',
      ),
      this.list,
      h(
        'div',
        { class: 'actions' },
        button({
          label: 'Add model…',
          icon: 'add',
          secondary: true,
          onPress: () => {
            post({ kind: 'addModels' });
          },
        }),
      ),
    );
  }

  update({ models }: EvaluationState, before: EvaluationState | null): void {
    if (models === before?.models) return;
    fill(this.list, ...models.map((model, at) => this.item(model, at, models.length)));
  }

  private item({ path, name }: ModelFile, at: number, of: number): HTMLElement {
    const remove = h(
      'button',
      {
        class: 'icon-button',
        title: 'Take this model out',
        attributes: { type: 'button', 'aria-label': `Take out ${visible(name)}` },
      },
      icon('close'),
    );
    remove.addEventListener('click', () => {
      this.post({ kind: 'removeModel', path });
    });
    return h(
      'li',
      {},
      h('strong', {}, nameOf(name)),
      at === 0 && of > 1 ? h('span', { class: 'pill' }, 'reference') : null,
      h('span', { class: 'path' }, nameOf(path)),
      of > 1 ? remove : null,
    );
  }
}
