import { durationInWords } from './duration';
import type { SplitSettings } from './split';
import { SCHEDULES, type ScheduleName } from './split-schedules';
import { capitalised, count } from './wording';

/** Which schedule the settings are, whatever the seed; `own` where they are none. */
export function scheduleOf(settings: SplitSettings): ScheduleName | 'own' {
  const flat = (of: SplitSettings): string => {
    const { epochs, augmentation, ...rest } = { ...of, seed: 0 };
    const sorted = (part: object): string =>
      JSON.stringify(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    return [epochs, augmentation, rest].map(sorted).join();
  };
  const names = Object.keys(SCHEDULES) as ScheduleName[];
  return names.find((name) => flat(settings) === flat(SCHEDULES[name])) ?? 'own';
}

/**
 * What a run costs, for a person: "Paper schedule, 120 epochs × 1,024 steps: about 31 hours on this machine, by the pace
 * of its first steps."
 *
 * `seconds`: what it still takes; `resumed`: it goes on from where it was interrupted.
 */
export function costInWords(settings: SplitSettings, seconds: number, resumed: boolean): string {
  const name = scheduleOf(settings);
  const schedule = name === 'own' ? 'This schedule' : `${capitalised(name)} schedule`;
  const epochs = Object.values(settings.epochs).reduce((sum, each) => sum + each, 0);
  const size = `${count(epochs, 'epoch')} × ${count(settings.iterations, 'step')}`;
  const time = `about ${durationInWords(seconds)}${resumed ? ' more' : ''}`;
  return `${schedule}, ${size}: ${time} on this machine, by the pace of its first steps.`;
}
