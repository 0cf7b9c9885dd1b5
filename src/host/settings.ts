import { workspace } from 'vscode';

/** The settings that package.json contributes, with the defaults used where a value is not of its type. */
const DEFAULTS = {
  'scour.u': 3,
  'scour.preview.limit': 1000,
  'scour.results.limit': 200,
  'scour.engine.memoryLimitMb': 2048,
  'scour.engine.stallSeconds': 15,
  'scour.engine.idleSeconds': 10,
} as const;

export type SettingId = keyof typeof DEFAULTS;

/** The ranges that package.json states; VS Code only underlines what lies outside them. */
const RANGES: Record<SettingId, readonly [number, number]> = {
  'scour.u': [0, 100],
  'scour.preview.limit': [1, 1_000_000],
  'scour.results.limit': [1, 5000],
  'scour.engine.memoryLimitMb': [256, 1_048_576],
  'scour.engine.stallSeconds': [1, 3600],
  'scour.engine.idleSeconds': [0, 86_400],
};

/** The value of a numeric setting, as it is now, within its range. */
export function setting(id: SettingId): number {
  const value: unknown = workspace.getConfiguration().get(id);
  if (typeof value !== 'number' || !Number.isFinite(value)) return DEFAULTS[id];
  const [least, most] = RANGES[id];
  return Math.min(most, Math.max(least, value));
}
