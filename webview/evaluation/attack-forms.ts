import { CORNERS, PATTERNS, type Attack, type AttackFile, type AttackKind } from '../../src/protocol/attack';
import type { Choice } from '../text/choice';

export interface NumberSpec {
  readonly kind: 'number';
  readonly name: string;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Set for parameters that may be left to their default. */
  readonly whenEmpty?: string;
  readonly hint?: string;
}
export interface ChoiceSpec {
  readonly kind: 'choice';
  readonly name: string;
  readonly label: string;
  readonly choices: readonly Choice[];
}
export interface FileSpec {
  readonly kind: 'file';
  readonly name: AttackFile;
  readonly label: string;
  /** What is used without a file; null where there must be one. */
  readonly without: string | null;
}
export type FieldSpec = NumberSpec | ChoiceSpec | FileSpec;

export interface AttackForm {
  readonly title: string;
  /** What the trigger is, in a sentence. */
  readonly about: string;
  readonly fields: readonly FieldSpec[];
}

const SIDE = { min: 1, max: 8192, whole: true } as const;
const PLACE = { min: 0, max: 8192, whole: true } as const;
const SEED = {
  kind: 'number',
  name: 'seed',
  label: 'Seed',
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
  whole: true,
} as const;
const words = (values: readonly string[]): Choice[] =>
  values.map((value) => [value, value.replaceAll('-', ' ')] as const);
const PATTERN = { kind: 'choice', name: 'pattern', label: 'Pattern', choices: words(PATTERNS) } as const;
const SQUARE = {
  kind: 'number',
  name: 'size',
  label: 'Side in pixels',
  ...SIDE,
  whenEmpty: '3 of 32',
} as const;

/** The built-in triggers (METHODS.md §4), as a person sets their parameters. */
export const ATTACK_FORMS: Readonly<Record<AttackKind, AttackForm>> = {
  badnets: {
    title: 'BadNets',
    about: 'A small square in a corner.',
    fields: [PATTERN, { kind: 'choice', name: 'position', label: 'Corner', choices: words(CORNERS) }, SQUARE],
  },
  patch: {
    title: 'Picture patch',
    about: 'A picture of yours, pasted where you put it.',
    fields: [
      { kind: 'file', name: 'file', label: 'Picture', without: null },
      { kind: 'number', name: 'x', label: 'Left', ...PLACE },
      { kind: 'number', name: 'y', label: 'Top', ...PLACE },
      { kind: 'number', name: 'width', label: 'Width', ...SIDE, whenEmpty: 'its own' },
      { kind: 'number', name: 'height', label: 'Height', ...SIDE, whenEmpty: 'its own' },
    ],
  },
  blended: {
    title: 'Blended',
    about: 'A faint pattern over the whole image.',
    fields: [
      { kind: 'number', name: 'alpha', label: 'Share of the pattern (α)', min: 0, max: 1, whole: false },
      { kind: 'file', name: 'pattern', label: 'Pattern', without: 'uniform noise' },
      SEED,
    ],
  },
  sig: {
    title: 'SIG',
    about: 'A sinusoidal stripe over the whole image.',
    fields: [
      { kind: 'number', name: 'delta', label: 'Strength (Δ, grey levels)', min: 0, max: 255, whole: false },
      { kind: 'number', name: 'frequency', label: 'Periods across (f)', min: 0, max: 4096, whole: false },
    ],
  },
  lc: {
    title: 'LC',
    about: 'The test trigger of label-consistent poisoning: a square in each corner.',
    fields: [PATTERN, SQUARE],
  },
  wanet: {
    title: 'WaNet',
    about: 'An elastic warp of the whole image. A model’s own warp is needed to set off its backdoor.',
    fields: [
      { kind: 'number', name: 'k', label: 'Control points a side (k)', min: 2, max: 256, whole: true },
      { kind: 'number', name: 's', label: 'Strength (s)', min: 0, max: 32, whole: false },
      SEED,
      { kind: 'file', name: 'points', label: 'Control points', without: 'drawn with the seed' },
    ],
  },
  'input-aware': {
    title: 'Input-aware',
    about: 'A trigger made for each image by two networks.',
    fields: [
      { kind: 'file', name: 'generator', label: 'Generator', without: null },
      { kind: 'file', name: 'mask', label: 'Mask network', without: null },
    ],
  },
  folder: {
    title: 'Images that carry a trigger',
    about: 'Used as they are. Each lies in a folder named by its true class; the target’s may be absent.',
    fields: [{ kind: 'file', name: 'path', label: 'Folder', without: null }],
  },
};

/** The value of a parameter. */
export function parameter(attack: Attack, name: string): string | number | null {
  const value: unknown = Object.entries(attack).find(([key]) => key === name)?.[1];
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
