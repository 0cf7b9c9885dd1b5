import * as v from 'valibot';

/** Levels in rising order of gravity; `CONTRACT.md` says what belongs where. */
export const LEVELS = ['note', 'warning', 'error'] as const;
export const LevelSchema = v.picklist(LEVELS);
export type Level = v.InferOutput<typeof LevelSchema>;

/** Something noticed in a model file. `id` is stable: scripts and SARIF consumers match on it. */
export const FindingSchema = v.object({
  id: v.string(),
  level: LevelSchema,
  message: v.string(),
  tensor: v.optional(v.string()),
  /** Where in the file: a byte offset, within `member` where the file is an archive. */
  location: v.optional(v.object({ member: v.optional(v.string()), offset: v.number() })),
});
export type Finding = v.InferOutput<typeof FindingSchema>;

/** Where in the file a finding is, for a person: "archive/data.pkl, byte 12". Null where that is not known. */
export function placeOf({ location, tensor }: Pick<Finding, 'location' | 'tensor'>): string | null {
  if (location === undefined) return tensor ?? null;
  const { member, offset } = location;
  return `${member === undefined ? '' : `${member}, `}byte ${offset}`;
}

/** True where `level` is as grave as `floor` or graver. */
export function atLeast(level: Level, floor: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(floor);
}
