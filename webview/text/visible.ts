/**
 * Characters that have no glyph of their own or that reorder, hide or break the text around them: controls, soft
 * hyphen, bidirectional controls, zero-width characters, line separators, variation selectors, tags, lone surrogates.
 */
const DECEPTIVE =
  /\p{Cc}|\p{Cs}|\p{Default_Ignorable_Code_Point}|[\u2028-\u202e\u2066-\u2069\u061c\ufff9-\ufffb]/gu;

/** Longest text shown in one place. */
const LONGEST = 300;

/**
 * Text from a file as a person may safely read it: characters that could hide or reorder are written as `\u{202e}`,
 * and what is longer than 300 characters loses its middle. For display only; the result still goes into text nodes.
 */
export function visible(text: string): string {
  const half = LONGEST / 2;
  const kept = text.length > LONGEST ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
  return kept.replace(DECEPTIVE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
