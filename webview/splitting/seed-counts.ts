import type { SplittingPlan } from '../../src/protocol/splitting-panel';
import { baseName, formatCount, plural } from '../text/format';
import type { SplittingState } from './state';

/** How many images of a class are picked. */
export function picked({ plan }: SplittingState, name: string): number {
  return plan?.picks.find(({ label }) => label === name)?.names.length ?? 0;
}

/** True where a class has as many picks as are asked for. */
export function enough(state: SplittingState, name: string): boolean {
  return state.plan !== null && picked(state, name) >= state.plan.seedsPerClass;
}

/** Numbers of the classes that still need picks, those behind `from` first. */
export function lacking(state: SplittingState, from: number): number[] {
  if (state.set.state !== 'done') return [];
  const all = state.set.result.classes.flatMap(({ name }, at) => (enough(state, name) ? [] : [at]));
  return [...all.filter((at) => at > from), ...all.filter((at) => at < from)];
}

/** "73 images picked, 7 of 10 classes complete"; empty while nothing is picked. */
export function totalInWords(state: SplittingState): string {
  const { plan, set } = state;
  if (plan === null || set.state !== 'done') return '';
  const { classes } = set.result;
  const sum = classes.reduce((total, { name }) => total + picked(state, name), 0);
  if (sum === 0) return '';
  const complete = classes.filter(({ name }) => enough(state, name)).length;
  return `${plural(sum, 'image')} picked, ${formatCount(complete)} of ${plural(classes.length, 'class', 'classes')} complete`;
}

/** Whether the list is saved and used. */
export function savedInWords({ seeds, saved, picks }: SplittingPlan): string {
  if (saved === null)
    return 'The list is a .txt file with a name a line; "scour split --seeds" takes it as well.';
  const name = baseName(saved.file);
  if (picks.length === 0) return `Nothing is picked. The list saved last is ${name}.`;
  return seeds === saved.file
    ? `${name} is used. Save again after you have picked others.`
    : `The list was saved as ${name}, but other seeds are used.`;
}
