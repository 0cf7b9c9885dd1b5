import { UsageError } from '../protocol/errors';
import { listShort, visible } from '../protocol/wording';

/**
 * The target's class number: what is given is a number 0 … K − 1 or the name of a class. Throws UsageError where there
 * is no such class.
 */
export function resolveTarget(target: number | string, classes: readonly string[]): number {
  const isNumber = typeof target === 'number' || /^\d+$/.test(target);
  const number = isNumber ? Number(target) : classes.indexOf(target);
  if (Number.isInteger(number) && number >= 0 && number < classes.length) return number;
  throw new UsageError(
    'bad-value',
    isNumber
      ? `Target class ${target} is out of range: the data has ${classes.length} classes, 0 to ${classes.length - 1}.`
      : `The data has no class '${visible(target, 60)}'; it has ${listShort(classes.map((name) => visible(name, 40)))}.`,
  );
}

/** What to warn of where a target given as a number could be taken for another class's name; null where it cannot. */
export function ambiguousTarget(target: number | string, classes: readonly string[]): string | null {
  const named = classes.indexOf(String(target));
  const number = Number(target);
  if (named < 0 || !Number.isInteger(number) || named === number) return null;
  return `Target ${target} is taken for the class number ${number}, '${visible(classes[number] ?? '', 60)}'; the class named '${target}' has number ${named}.`;
}
