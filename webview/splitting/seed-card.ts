import type { SeedPage } from '../../src/protocol/seed-picking';
import { visible } from '../../src/protocol/wording';
import { h } from '../dom/element';
import { picture, scaleFor } from '../dom/picture';

/** Side that pictures are shown at, at least, in pixels of the page. */
const SHOWN = 96;

export interface SeedCard {
  readonly name: string;
  readonly element: HTMLElement;
  /** Shows whether the image is picked. */
  readonly check: (isPicked: boolean) => void;
}

/** An image that can be picked: a checkbox labelled by picture and name. One that cannot be read can only be dropped. */
export function seedCard(
  { name, picture: image }: SeedPage['samples'][number],
  onPick: (isPicked: boolean) => void,
): SeedCard {
  const box = h('input', { attributes: { type: 'checkbox' } });
  const check = (isPicked: boolean): void => {
    box.checked = isPicked;
    box.disabled = image === null && !isPicked;
  };
  box.addEventListener('change', () => {
    onPick(box.checked);
  });
  const element = h(
    'li',
    {},
    h(
      'label',
      { class: 'seed', title: visible(name) },
      image === null
        ? h('span', { class: 'no-picture hint' }, 'cannot be read')
        : picture(image.png, image.width, image.height, scaleFor(image.width, image.height, SHOWN), ''),
      h('span', { class: 'seed-name' }, box, h('bdi', {}, visible(name, 80))),
    ),
  );
  check(false);
  return { name, element, check };
}
