/** How lists and counts read in messages, in one place for engine, host and panels. */

/** "1, 2, 3 and 17 more". */
export function listShort(items: readonly (number | string)[], most = 8): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** "2,400". Not toLocaleString: its first call took 12 ms, a twentieth of a cold scan. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** With its first letter in upper case. */
export function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** "1 channel", "2 channels". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(n)} ${n === 1 ? noun : plural}`;
}

/**
 * Characters that have no glyph of their own or that reorder, hide or break the text around them: controls, soft
 * hyphen, bidirectional controls, zero-width characters, line separators, variation selectors, tags, lone surrogates.
 */
const DECEPTIVE =
  /\p{Cc}|\p{Cs}|\p{Default_Ignorable_Code_Point}|[\u2028-\u202e\u2066-\u2069\u061c\ufff9-\ufffb]/gu;

/**
 * Untrusted text (tensor names, paths) as a person may safely read it on one line of a terminal, a log or a label:
 * characters that can move the cursor, recolour the screen, hide or reorder are written as `\u{202e}`, and what is longer
 * than `limit` characters loses its middle.
 */
export function visible(text: string, limit = 300): string {
  const half = Math.floor(limit / 2);
  const kept = text.length > limit ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
  return kept.replace(DECEPTIVE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
