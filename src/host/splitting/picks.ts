import { createHash } from 'node:crypto';
import type { Picks } from '../../protocol/seed-picking';

/** Names picked of a class. */
export function picksOf(picks: Picks, label: string): string[] {
  return picks.find((each) => each.label === label)?.names ?? [];
}

/** The picks with one image of a class picked or dropped; classes with none are left out. */
export function withPick(picks: Picks, label: string, name: string, picked: boolean): Picks {
  const others = picks.filter((each) => each.label !== label);
  const rest = picksOf(picks, label).filter((each) => each !== name);
  const names = picked ? [...rest, name] : rest;
  return names.length === 0 ? others : [...others, { label, names }];
}

/** The picks as `scour split --seeds` takes them: a name a line, class by class. */
export function seedList(picks: Picks): string {
  const sorted = [...picks].sort((a, b) => (a.label < b.label ? -1 : 1));
  return sorted
    .flatMap(({ names }) => [...names].sort())
    .map((name) => `${name}\n`)
    .join('');
}

/** Tells one selection from another. */
export function digestOf(picks: Picks): string {
  return createHash('sha256').update(seedList(picks)).digest('hex');
}

/** Names that a list of one a line cannot hold: those with a line break or a blank at an end, which reading it takes away. */
export function unlistable(picks: Picks): string[] {
  return picks.flatMap(({ names }) => names).filter((name) => /[\r\n]/.test(name) || name !== name.trim());
}
