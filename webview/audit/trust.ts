import { button } from '../dom/button';
import { h } from '../dom/element';
import { notice } from '../dom/notice';

/** Why nothing may be run or written here, and the way to change that. */
export function trustNotice(
  id: string,
  what: string,
  post: (message: { kind: 'manageTrust' }) => void,
): HTMLElement {
  const box = notice(
    'warning',
    h('p', { id }, `${what} needs a trusted workspace: this window is in Restricted Mode.`),
    h(
      'div',
      { class: 'actions' },
      button({
        label: 'Manage Workspace Trust',
        secondary: true,
        onPress: () => {
          post({ kind: 'manageTrust' });
        },
      }),
    ),
  );
  return box;
}
