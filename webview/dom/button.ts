import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { VscodeButton } from '@vscode-elements/elements/dist/vscode-button/vscode-button.js';
import { h, icon } from './element';

interface ButtonOptions {
  readonly label: string;
  readonly icon?: string;
  readonly secondary?: boolean;
  readonly describedBy?: string;
  readonly onPress: () => void;
}

/** A button that looks like VS Code's. */
export function button(options: ButtonOptions): VscodeButton {
  const element = h('vscode-button');
  element.secondary = options.secondary ?? false;
  if (options.icon !== undefined) {
    const glyph = icon(options.icon);
    glyph.slot = 'content-before';
    element.append(glyph);
  }
  element.append(options.label);
  if (options.describedBy !== undefined) element.setAttribute('aria-describedby', options.describedBy);
  // A disabled component takes no pointer, but assistive technology may still click it.
  element.addEventListener('click', () => {
    if (!element.disabled) options.onPress();
  });
  // The component clicks on Space but lets the page scroll.
  element.addEventListener('keydown', (event) => {
    if (event.key === ' ') event.preventDefault();
  });
  return element;
}

/** Enables or disables, also for assistive technology, which the component leaves out. */
export function setEnabled(element: VscodeButton, enabled: boolean): void {
  element.disabled = !enabled;
  element.setAttribute('aria-disabled', String(!enabled));
}
