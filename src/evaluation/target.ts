import { UsageError } from '../protocol/errors';
import { ALL_TO_ALL, type Target } from '../protocol/target';
import { listShort, visible } from '../protocol/wording';

/**
 * The target: what is given is a class number 0 … K − 1, the name of a class, or `all` for all-to-all. Throws UsageError
 * where there is no such class, or all-to-all has one class only to go between.
 */
export function resolveTarget(target: number | string, classes: readonly string[]): Target {
  if (target === ALL_TO_ALL) {
    if (classes.length > 1) return ALL_TO_ALL;
    throw new UsageError(
      'bad-value',
      'All-to-all sends each class to the next one, but the data has one class only.',
    );
  }
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

/** What to warn of where a target given as a number or `all` could be taken for a class's name; null where it cannot. */
export function ambiguousTarget(target: number | string, classes: readonly string[]): string | null {
  const named = classes.indexOf(String(target));
  if (named >= 0 && target === ALL_TO_ALL)
    return `Target 'all' is taken for all-to-all; the class of that name has number ${named}.`;
  const number = Number(target);
  if (named < 0 || !Number.isInteger(number) || named === number) return null;
  return `Target ${target} is taken for the class number ${number}, '${visible(classes[number] ?? '', 60)}'; the class named '${target}' has number ${named}.`;
}
