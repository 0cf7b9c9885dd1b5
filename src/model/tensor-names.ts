/**
 * Length of the leading segments that all names share (`module.`, `model.`, a Lightning attribute): `net.conv1.weight`
 * becomes `conv1.weight`. What would leave no layer but bare parameters stays: `fc.weight` and `fc.bias`.
 */
export function commonPrefix(names: readonly string[]): number {
  let length = 0;
  for (;;) {
    const first = names[0]?.slice(length) ?? '';
    const dot = first.indexOf('.');
    if (dot < 0 || names.length < 2) return length;
    const next = length + dot + 1;
    const segment = first.slice(0, dot + 1);
    if (!names.every((name) => name.startsWith(segment, length) && name.length > next)) return length;
    if (!names.some((name) => name.includes('.', next))) return length;
    length = next;
  }
}
