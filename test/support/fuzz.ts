import { Random } from '../../src/data/random';
import { ModelError } from '../../src/protocol/errors';

/**
 * Of all formats together: CI gives a minute, by hand an hour is right:
 * `SCOUR_FUZZ_SECONDS=3600 SCOUR_FUZZ_SEED=7 npx vitest run test/integration/*fuzz*`
 */
const SECONDS = Number(process.env['SCOUR_FUZZ_SECONDS'] ?? 8);
export const FUZZ_SEED = Number(process.env['SCOUR_FUZZ_SEED'] ?? 1);

/** What a mutant may cost. Time is the processor's, so that other work on the machine does not count. */
const MAX_SECONDS = 5;
const MAX_KILOBYTES = 512 * 1024;

/** How reading a mutant ended: refused, read with findings that the unchanged file has not, or read without. */
export type FuzzEnd = 'error' | 'findings' | 'silent';

export interface Mutant {
  /** The file that it was made of. */
  readonly name: string;
  readonly original: Uint8Array;
  readonly bytes: Uint8Array;
  /** Reads all of it. A ModelError counts as refused, anything else that it throws is a bug. */
  readonly read: () => FuzzEnd | Promise<FuzzEnd>;
}

/** Seconds that a part of the formats gets: `share` of all. */
export function fuzzSeconds(share: number): number {
  return Math.round(SECONDS * share);
}

/**
 * Reads mutants for so many seconds and throws at the first that is not refused or read as it should be: within the
 * bounds of time and memory, and with a complaint where the file was cut short.
 */
export async function fuzz(
  seconds: number,
  next: (random: Random) => Mutant,
): Promise<Readonly<Record<FuzzEnd, number>>> {
  const random = new Random(FUZZ_SEED);
  const began = process.cpuUsage();
  const ends = { error: 0, findings: 0, silent: 0 };
  let slowest = 0;
  for (const stop = performance.now() + seconds * 1000; performance.now() < stop;) {
    const mutant = next(random);
    const before = process.cpuUsage();
    try {
      const end = await ended(mutant);
      ends[end]++;
      slowest = Math.max(slowest, secondsSince(before));
      judge(mutant, end, secondsSince(before));
    } catch (cause) {
      const { name, bytes } = mutant;
      const round = ends.error + ends.findings + ends.silent;
      throw new Error(`round ${round}, ${name}: ${Buffer.from(bytes).toString('base64')}`, { cause });
    }
  }
  process.stdout.write(
    `fuzzed from seed ${FUZZ_SEED}: ${JSON.stringify(ends)} in ${Math.round(secondsSince(began))} s of processor time, ` +
      `slowest ${slowest.toFixed(2)} s, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`,
  );
  return ends;
}

async function ended({ read }: Mutant): Promise<FuzzEnd> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ModelError) return 'error';
    throw error;
  }
}

function judge({ original, bytes }: Mutant, end: FuzzEnd, seconds: number): void {
  const { maxRSS } = process.resourceUsage();
  if (seconds > MAX_SECONDS) throw new Error(`it took ${seconds} s of processor time`);
  if (maxRSS > MAX_KILOBYTES) throw new Error(`the process takes ${Math.round(maxRSS / 1024)} MB`);
  const wasCut =
    bytes.length < lengthOf(original) && Buffer.compare(original.subarray(0, bytes.length), bytes) === 0;
  if (wasCut && end === 'silent') throw new Error('it was cut short, and nothing was said');
}

/** Without the zeros that fill up a tar file: PyTorch too reads it without them. */
export function lengthOf(original: Uint8Array): number {
  let length = original.length;
  if (isTar(original)) while (original[length - 1] === 0) length--;
  return length;
}

function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
}

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
