import { h } from '../dom/element';
import { notice } from '../dom/notice';

/** The element that the host's page has for a panel. */
export function appElement(): HTMLElement {
  const app = document.getElementById('app');
  if (app === null) throw new Error('The page has no element with the id "app".');
  return app;
}

/** Says, once, that the extension sent something that this panel does not understand. */
export class ProtocolNotice {
  readonly element = h('div', { attributes: { role: 'alert' } });

  show(): void {
    if (this.element.childElementCount > 0) return;
    this.element.append(
      notice(
        'error',
        h(
          'p',
          {},
          'The extension sent a message that this panel does not understand, so what is shown may be out of date. ' +
            'Close the editor and open it again; if that does not help, reload the window.',
        ),
      ),
    );
  }
}
