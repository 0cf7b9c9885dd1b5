/** Control characters, invisible and direction-changing format characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text from a file made safe to show on one line of a terminal, a log or a label: control and direction-changing
 * characters become visible `\u{…}` escapes, and what is longer than `limit` characters is cut, with an ellipsis.
 */
export function printable(text: string, limit = 1000): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(UNPRINTABLE, (mark) => `\\u{${mark.codePointAt(0)!.toString(16)}}`);
}
