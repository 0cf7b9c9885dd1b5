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

/**
 * Untrusted text (tensor names, paths) for terminals and logs: control and format characters, which can move the cursor,
 * recolour the screen or reverse the reading order, are shown as \u escapes.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
