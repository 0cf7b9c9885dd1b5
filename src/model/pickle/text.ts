import { LIMITS, PickleFault } from './limits';

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The value of a STRING opcode's argument: a quoted Python 2 string with escapes. */
export function unquote(line: string, offset: number): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote)) {
    throw new PickleFault('malformed', offset, 'a STRING argument is not quoted');
  }
  return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, escape: string) => {
    if (/^x./.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 16));
    if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8) & 255);
    return SIMPLE_ESCAPES[escape] ?? whole;
  });
}

/** The value of a UNICODE opcode's argument: raw-unicode-escape. */
export function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, four?: string, eight?: string) => {
    const code = parseInt(four ?? eight ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The value of an INT argument: a decimal integer, or a boolean as `00` and `01`. */
export function decimal(line: string, offset: number): number | bigint | boolean {
  const text = line.trim();
  if (text === '00') return false;
  if (text === '01') return true;
  if (!/^[+-]?\d+$/.test(text)) throw new PickleFault('malformed', offset, 'an integer is not decimal');
  if (text.length > LIMITS.digits)
    throw new PickleFault('too-large', offset, `an integer has ${text.length} digits`);
  return narrowed(BigInt(text));
}

/** The value of a FLOAT argument. */
export function floating(line: string, offset: number): number {
  const text = line.trim().toLowerCase();
  const named = /^([+-]?)(nan|inf|infinity)$/.exec(text);
  if (named) return (named[1] === '-' ? -1 : 1) * (named[2] === 'nan' ? NaN : Infinity);
  if (text.length > LIMITS.digits || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)) {
    throw new PickleFault('malformed', offset, 'a FLOAT argument is not a number');
  }
  return Number(text);
}

/** A little-endian two's-complement integer. */
export function littleEndianInteger(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return narrowed(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)));
}

/** Integers that a JavaScript number holds exactly are numbers, so that keys and sizes compare. */
function narrowed(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}
