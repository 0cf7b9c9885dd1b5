/** JSON of a file that nobody vouches for: looked at piece by piece, never trusted to have a shape. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property; never one of a prototype. */
export function at(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function objectAt(value: unknown, key: string): JsonObject {
  const found = at(value, key);
  return isObject(found) ? found : {};
}

export function listAt(value: unknown, key: string): readonly unknown[] {
  const found = at(value, key);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

export function textAt(value: unknown, key: string): string | null {
  const found = at(value, key);
  return typeof found === 'string' ? found : null;
}

export function numberAt(value: unknown, key: string, otherwise: number): number {
  const found = at(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : otherwise;
}

/** Calls `each` for every object in a value, outer ones first, with the keys that lead there. */
export function eachObject(
  value: unknown,
  each: (object: JsonObject, path: readonly string[]) => void,
  path: readonly string[] = [],
): void {
  if (Array.isArray(value)) value.forEach((item) => eachObject(item, each, path));
  else if (isObject(value)) {
    each(value, path);
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'object') eachObject(item, each, [...path.slice(-8), key]);
    }
  }
}

/** Levels of nesting in JSON text; brackets in strings do not count. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return deepest;
}
