import type { CleansingDescription, CleansingPreset } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { formatPercent, formatU } from '../text/format';
import { sameStart, type Draft } from './draft';

/** What a student is started with, in a few words: "Increasing (paper)", "own ratios, 31.0 % re-drawn, CLP u = 2.0". */
export function startWords(
  start: Omit<Draft, 'preset'> & { readonly redrawn: number },
  description: Pick<CleansingDescription, 'presets'> | null,
): string {
  const preset = presetOf(start, description?.presets ?? []);
  const drawn = `${formatPercent(100 * start.redrawn)} re-drawn`;
  if (preset !== null) return `${visible(preset.label, 60)}, ${drawn}`;
  return `own ratios, ${drawn}${start.clpU === null ? '' : `, CLP u = ${formatU(start.clpU)}`}`;
}

function presetOf(start: Omit<Draft, 'preset'>, presets: readonly CleansingPreset[]): CleansingPreset | null {
  return presets.find((preset) => sameStart(preset, start)) ?? null;
}
