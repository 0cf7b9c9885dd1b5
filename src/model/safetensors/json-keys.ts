/** A key of a JSON object, with where it stands in the text. */
export interface JsonKey {
  readonly key: string;
  /** Index just past the brace that opens the object which holds the key. */
  readonly objectStart: number;
  /** Keys of the objects around it, outermost first. */
  readonly path: readonly string[];
  /** Index of the first character of its value. */
  readonly valueStart: number;
}

const MAX_DEPTH = 16;
const MAX_KEYS = 1_000_000;

/**
 * All keys of the objects in a JSON text, duplicates included, which `JSON.parse` drops without a word. The text must
 * be JSON already (checked with `JSON.parse`). Null where it nests deeper, or has more keys, than any header does.
 */
export function jsonKeys(text: string): JsonKey[] | null {
  const keys: JsonKey[] = [];
  const path: string[] = [];
  const starts: number[] = [];
  let current = '';
  let inString = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString >= 0) {
      if (char === '\\') i++;
      else if (char === '"') {
        const after = skipSpace(text, i + 1);
        if (text[after] === ':') {
          current = JSON.parse(text.slice(inString, i + 1)) as string;
          if (keys.length >= MAX_KEYS) return null;
          const valueStart = skipSpace(text, after + 1);
          keys.push({ key: current, objectStart: starts[starts.length - 1]!, path: [...path], valueStart });
        }
        inString = -1;
      }
    } else if (char === '"') inString = i;
    else if (char === '{' || char === '[') {
      if (starts.length > 0) path.push(current);
      starts.push(i + 1);
      if (starts.length > MAX_DEPTH) return null;
    } else if (char === '}' || char === ']') {
      starts.pop();
      path.pop();
    }
  }
  return keys;
}

function skipSpace(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
  return at;
}
