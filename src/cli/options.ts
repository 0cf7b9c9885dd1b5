import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError, messageOf } from '../protocol/errors';
import { LEVELS, type Level } from '../protocol/findings';
import type { PreprocessingOptions } from '../protocol/preprocessing';
import type { Device, SessionOptions } from '../runtime/session';

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>;
/** Values of one command's options, as typed: each may be absent. */
export type OptionValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Options that every command takes. */
export const COMMON: OptionSpecs = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  format: { type: 'string' },
  'output-report': { type: 'string' },
  seed: { type: 'string' },
  device: { type: 'string' },
  threads: { type: 'string' },
  mean: { type: 'string' },
  std: { type: 'string' },
  size: { type: 'string' },
  crop: { type: 'string' },
  layout: { type: 'string' },
  channels: { type: 'string' },
};

/** Splits arguments into positionals and the options of `specs`. Throws UsageError. */
export function parse(
  args: readonly string[],
  specs: OptionSpecs,
): { values: OptionValues; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { ...COMMON, ...specs },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    throw new UsageError('unknown-option', messageOf(cause), { cause });
  }
}

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Every value of an option that may be given several times. */
export function texts(values: OptionValues, name: string): string[] {
  const given = values[name];
  return Array.isArray(given) ? given.filter((each) => typeof each === 'string') : [];
}

export function flag(values: OptionValues, name: string): boolean {
  return values[name] === true;
}

/** A required text option. */
export function required(values: OptionValues, name: string, what: string): string {
  const value = text(values, name);
  if (!value) throw new UsageError('missing-argument', `--${name} is missing: give ${what}.`);
  return value;
}

/** A number within [least, most]. */
export function number(
  values: OptionValues,
  name: string,
  fallback: number,
  least: number,
  most: number,
  whole = false,
): number {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const value = given.trim() === '' ? NaN : Number(given);
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      'bad-value',
      `--${name} takes ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, not '${given}'.`,
    );
  }
  return value;
}

/** One of a few words. */
export function choice<T extends string>(
  values: OptionValues,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const found = choices.find((each) => each === given);
  if (found === undefined)
    throw new UsageError('bad-value', `--${name} takes ${choices.join(', ')}, not '${given}'.`);
  return found;
}

export const FORMATS = ['text', 'json', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

/** Level at which findings make the exit code 1; `never` where they never do. */
export function failOn(values: OptionValues): Level | 'never' {
  return choice(values, 'fail-on', [...LEVELS, 'never'], 'error');
}

export function seed(values: OptionValues): number {
  return number(values, 'seed', 0, 0, Number.MAX_SAFE_INTEGER, true);
}

export function sessionOptions(values: OptionValues): SessionOptions {
  const devices: readonly Device[] = ['auto', 'cpu', 'webgpu', 'cuda'];
  return {
    device: choice(values, 'device', devices, 'auto'),
    threads: number(values, 'threads', 0, 0, 1024, true),
  };
}

/** Preprocessing as far as the user says it; the rest is read from the model. */
export function preprocessingOptions(values: OptionValues): PreprocessingOptions {
  const mean = numbers(values, 'mean', 1, 3);
  const std = numbers(values, 'std', 1, 3);
  const size = numbers(values, 'size', 1, 2, 'x');
  const crop = text(values, 'crop') === undefined ? undefined : number(values, 'crop', 0, 1, 8192, true);
  const layout =
    text(values, 'layout') === undefined ? undefined : choice(values, 'layout', ['nchw', 'nhwc'], 'nchw');
  const channels =
    text(values, 'channels') === undefined
      ? undefined
      : choice(values, 'channels', ['rgb', 'bgr', 'grey'], 'rgb');
  if (size?.some((side) => !Number.isInteger(side) || side < 1 || side > 8192)) {
    throw new UsageError(
      'bad-value',
      '--size takes whole numbers of pixels from 1 to 8192: 224, or 224x320 (height x width).',
    );
  }
  return {
    ...(mean ? { mean } : {}),
    ...(std ? { std } : {}),
    ...(size ? { size: [size[0]!, size[1] ?? size[0]!] as [number, number] } : {}),
    ...(crop === undefined ? {} : { crop }),
    ...(layout ? { layout } : {}),
    ...(channels ? { channels } : {}),
  };
}

function numbers(
  values: OptionValues,
  name: string,
  least: number,
  most: number,
  separator = ',',
): number[] | undefined {
  const given = text(values, name);
  if (given === undefined) return undefined;
  const list = given.split(separator).map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (list.length < least || list.length > most || list.some((value) => !Number.isFinite(value))) {
    throw new UsageError(
      'bad-value',
      `--${name} takes ${least} to ${most} numbers separated by '${separator}', not '${given}'.`,
    );
  }
  return list;
}
