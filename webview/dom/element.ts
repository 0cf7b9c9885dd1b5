export type Child = Node | string | null;

interface Props {
  readonly class?: string;
  readonly id?: string;
  readonly title?: string;
  /** Attributes by name. Inline style and handlers are forbidden by the page's policy and by these types. */
  readonly attributes?: Readonly<Record<string, string>> & { readonly style?: never };
  readonly on?: Readonly<Partial<Record<keyof HTMLElementEventMap, (event: Event) => void>>>;
}

/**
 * Makes an element. Strings become text nodes, so that a name from a file is never markup. The one way by which the
 * panels make elements.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (props.class !== undefined) element.className = props.class;
  if (props.id !== undefined) element.id = props.id;
  if (props.title !== undefined) element.title = props.title;
  for (const [name, value] of Object.entries(props.attributes ?? {})) element.setAttribute(name, value);
  for (const [type, listener] of Object.entries(props.on ?? {})) element.addEventListener(type, listener);
  append(element, children);
  return element;
}

/** Appends children, leaving out null. */
export function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== null) parent.append(child);
}

/** Replaces what `parent` holds. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Sets text only where it differs, so that live regions and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A decorative glyph of VS Code's icon font; `style/icons.css` lists the names. */
export function icon(name: string): HTMLSpanElement {
  return h('span', { class: `icon icon-${name}`, attributes: { 'aria-hidden': 'true' } });
}
