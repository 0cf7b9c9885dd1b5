import * as v from 'valibot';
import { AttackSchema, DEFAULT_ATTACKS, type Attack, type AttackKind } from '../protocol/attack';
import { UsageError } from '../protocol/errors';

/** Parameters that are text; all others are numbers. */
const TEXT = new Set(['pattern', 'position', 'file', 'points', 'generator', 'mask']);

/** What may be said of each attack, with how it is called on the command line where that differs from the parameter. */
const PARAMETERS: Readonly<Record<Exclude<AttackKind, 'folder'>, readonly string[]>> = {
  badnets: ['pattern', 'size', 'position'],
  patch: ['file', 'x', 'y', 'width', 'height'],
  blended: ['alpha', 'pattern', 'seed'],
  sig: ['delta', 'frequency'],
  lc: ['pattern', 'size'],
  wanet: ['k', 's', 'seed', 'points'],
  'input-aware': ['generator', 'mask'],
};

/** Where an attack without defaults starts: what is null may be left out, the rest must be given. */
const STARTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...DEFAULT_ATTACKS,
  patch: { kind: 'patch', width: null, height: null },
  'input-aware': { kind: 'input-aware' },
};

/**
 * An attack as it is written on the command line: `badnets`, `badnets:pattern=bcu,size=3`, `badnets:patch=FILE,x=2,y=2`,
 * `blended:alpha=0.1,pattern=FILE`, `wanet:seed=1`. `seed` is used where the attack draws something and names no seed of
 * its own. Throws UsageError.
 */
export function parseAttack(text: string, seed = 0): Attack {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const given = parsePairs(colon < 0 ? '' : text.slice(colon + 1), text);
  const file = name === 'badnets' ? given.get('patch') : undefined;
  if (file !== undefined) {
    given.delete('patch');
    given.set('file', file);
  }
  const kind = file === undefined ? name : 'patch';
  if (!Object.hasOwn(PARAMETERS, kind)) {
    throw new UsageError(
      'bad-value',
      `There is no attack '${name}'; there are ${Object.keys(PARAMETERS).join(', ')}.`,
    );
  }
  const allowed = PARAMETERS[kind as keyof typeof PARAMETERS];
  const attack: Record<string, unknown> = { ...STARTS[kind] };
  if ('seed' in attack) attack['seed'] = seed;
  for (const [key, value] of given) {
    if (!allowed.includes(key)) {
      throw new UsageError('bad-value', `'${name}' has no parameter '${key}'; it has ${allowed.join(', ')}.`);
    }
    attack[key] = TEXT.has(key) ? value : value.trim() === '' ? NaN : Number(value);
  }
  const parsed = v.safeParse(AttackSchema, attack);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const at = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
    const why = at in attack ? issue.message : 'it is missing';
    throw new UsageError('bad-value', `--attack ${text}: '${at}' is not valid: ${why}.`);
  }
  return parsed.output;
}

function parsePairs(list: string, text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  if (list === '') return pairs;
  for (const part of list.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) {
      throw new UsageError(
        'bad-value',
        `--attack ${text}: '${part}' is no key=value pair. (A file name with a comma in it must be renamed.)`,
      );
    }
    const key = part.slice(0, equals).trim();
    if (pairs.has(key)) throw new UsageError('bad-value', `--attack ${text}: '${key}' is given twice.`);
    pairs.set(key, part.slice(equals + 1));
  }
  return pairs;
}
