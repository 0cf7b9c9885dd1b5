import type { Announcer } from './announcer';
import { h, icon, fill } from './element';

/** Milliseconds for which the button shows that it has copied. */
const SHOWN = 2000;

/** A small button that copies `text`; `what` names it for screen readers. */
export function copyButton(what: string, text: string, announcer: Announcer): HTMLButtonElement {
  const element = h(
    'button',
    {
      class: 'icon-button',
      title: `Copy ${what}`,
      attributes: { type: 'button', 'aria-label': `Copy ${what}` },
    },
    icon('copy'),
  );
  const show = (glyph: string, message: string): void => {
    fill(element, icon(glyph));
    announcer.say('copy', message);
    setTimeout(() => {
      fill(element, icon('copy'));
    }, SHOWN);
  };
  element.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => {
        show('check', `${what} copied.`);
      },
      () => {
        show('error', `${what} could not be copied; select the text and copy it.`);
      },
    );
  });
  return element;
}
