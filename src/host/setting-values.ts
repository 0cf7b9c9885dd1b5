import { ONNXRUNTIME, type TfjsSearch, type TrainingEngineChoice } from '../protocol/training-engine';

/** What a numeric setting may be. package.json contributes the same numbers; a test compares the two. */
export interface SettingValues {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

export const SETTINGS = {
  'scour.u': { default: 3, minimum: 0, maximum: 100 },
  'scour.preview.limit': { default: 1000, minimum: 1, maximum: 1_000_000 },
  'scour.results.limit': { default: 200, minimum: 1, maximum: 5000 },
  'scour.engine.memoryLimitMb': { default: 2048, minimum: 256, maximum: 1_048_576 },
  'scour.engine.stallSeconds': { default: 15, minimum: 1, maximum: 3600 },
  'scour.engine.idleSeconds': { default: 10, minimum: 0, maximum: 86_400 },
} as const satisfies Record<string, SettingValues>;

export type SettingId = keyof typeof SETTINGS;

/** What a user wrote, within the setting's range; the default where it is no number (VS Code only underlines mistakes). */
export function settingValue(id: SettingId, written: unknown): number {
  const { default: standard, minimum, maximum } = SETTINGS[id];
  if (typeof written !== 'number' || !Number.isFinite(written)) return standard;
  return Math.min(maximum, Math.max(minimum, written));
}

/** What a user wrote as the training engine; onnxruntime where it is nothing that Scour knows. */
export function trainingEngineOf(written: unknown, search: TfjsSearch): TrainingEngineChoice {
  return written === 'tfjs' ? { name: 'tfjs', search } : ONNXRUNTIME;
}
