import { parseAttack } from '../attacks/parse';
import type { Attack } from '../protocol/attack';
import { UsageError } from '../protocol/errors';
import { seed, text, texts, type OptionValues } from './options';

/** The triggers of --triggered and --attack, in that order. Throws UsageError, also where they have no --target. */
export function attacksOf(values: OptionValues): Attack[] {
  const attacks: Attack[] = [
    ...texts(values, 'triggered').map((path): Attack => ({ kind: 'folder', path })),
    ...texts(values, 'attack').map((each) => parseAttack(each, seed(values))),
  ];
  if (attacks.length > 0 && text(values, 'target') === undefined) {
    throw new UsageError(
      'missing-argument',
      '--target is missing: a trigger is measured against its target class.',
    );
  }
  return attacks;
}
