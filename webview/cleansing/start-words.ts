import type { CleansingDescription, CleansingPreset } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { formatPercent, formatU } from '../text/format';
import { sameStart, type Draft } from './draft';

/** All that a student starts from but its seed. */
export interface Start extends Omit<Draft, 'preset'> {
  readonly redrawn: number;
  /** Batch norms are put back for the training. */
  readonly restoreNorms: boolean;
}

/** What a student is started with, in a few words: "Increasing (paper)", "own ratios, 31.0 % re-drawn, CLP u = 2.0". */
export function startWords(start: Start, description: Pick<CleansingDescription, 'presets'> | null): string {
  const preset = presetOf(start, description?.presets ?? []);
  return [
    preset === null ? 'own ratios' : visible(preset.label, 60),
    `${formatPercent(100 * start.redrawn)} re-drawn`,
    ...(preset === null && start.clpU !== null ? [`CLP u = ${formatU(start.clpU)}`] : []),
    ...(start.restoreNorms ? ['batch norms put back'] : []),
  ].join(', ');
}

function presetOf(start: Omit<Draft, 'preset'>, presets: readonly CleansingPreset[]): CleansingPreset | null {
  return presets.find((preset) => sameStart(preset, start)) ?? null;
}
