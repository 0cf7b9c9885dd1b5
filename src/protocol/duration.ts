import { count } from './wording';

/** "a second", "40 seconds", "12 minutes", "2 hours 30 minutes", "3 days 4 hours": to the precision that an estimate has. */
export function durationInWords(seconds: number): string {
  if (seconds < 1.5) return 'a second';
  if (seconds < 60) return count(Math.round(seconds), 'second');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return count(minutes, 'minute');
  if (minutes < 48 * 60) return inTwo(minutes, 60, 'hour', 'minute');
  return inTwo(Math.round(minutes / 60), 24, 'day', 'hour');
}

function inTwo(total: number, each: number, unit: string, smaller: string): string {
  const rest = total % each;
  return `${count(Math.floor(total / each), unit)}${rest === 0 ? '' : ` ${count(rest, smaller)}`}`;
}
