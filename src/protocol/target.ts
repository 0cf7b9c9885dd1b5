import * as v from 'valibot';

/** Of an all-to-all attack: every class has a target of its own. */
export const ALL_TO_ALL = 'all';

/** Where triggered images are meant to go: one class number for all, or for each class the next (all-to-all). */
export const TargetSchema = v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.literal(ALL_TO_ALL)]);
export type Target = v.InferOutput<typeof TargetSchema>;

/** The class that the trigger is to send images of class `label` to: the target, or (label + 1) mod K of all-to-all. */
export function targetClass(target: Target, label: number, classes: number): number {
  return target === ALL_TO_ALL ? (label + 1) % classes : target;
}
