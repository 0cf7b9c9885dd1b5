/** How lists and counts read in messages, in one place for engine, host and panels. */

/** "1, 2, 3 and 17 more". */
export function listShort(items: readonly (number | string)[], most = 8): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** "1 channel", "2 channels". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? noun : plural}`;
}

/** Control, private-use and invisible format characters, lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/**
 * Untrusted text (tensor names, paths) made safe to show on one line of a terminal, a log or a label: characters that
 * can move the cursor, recolour the screen or reverse the reading order become visible escapes, and what is longer than
 * `limit` characters is cut, with an ellipsis.
 */
export function visible(text: string, limit = 1000): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(UNPRINTABLE, (mark) => {
    if (mark === '\n') return '\\n';
    if (mark === '\t') return '\\t';
    return `\\u{${mark.codePointAt(0)!.toString(16)}}`;
  });
}
