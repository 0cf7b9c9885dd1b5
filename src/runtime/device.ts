import { messageOf } from '../protocol/errors';

/** A device that onnxruntime can run on. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';

/** A session on one device, as far as choosing between devices needs it. */
export interface Contestant<S> {
  readonly session: S;
  /** Runs a fixed small batch and returns every output's values, one after the other. */
  readonly run: () => Promise<Float32Array>;
  readonly release: () => Promise<void>;
}

export interface Choice<S> {
  readonly session: S;
  readonly device: Provider;
  readonly warnings: readonly string[];
}

/** Runs of each device that are timed, after one that warms it up. */
const TIMED_RUNS = 3;
/** Largest difference of two devices' outputs, relative to the largest output, that counts as the same answer. */
const TOLERANCE = 1e-2;

/**
 * Picks the fastest device that works: the CPU, unless another one loads the model, gives the same answers on a small
 * batch and is faster. A device that fails is named in a warning, never an error; so is a batch that the CPU cannot run,
 * as nothing can be checked against it. Only a model that the CPU cannot load is an error. Sessions that are not chosen
 * are released.
 *
 * `open` makes a session on a device; `now` is a clock in milliseconds.
 */
export async function chooseDevice<S>(
  others: readonly Exclude<Provider, 'cpu'>[],
  open: (device: Provider) => Promise<Contestant<S>>,
  now: () => number = () => performance.now(),
): Promise<Choice<S>> {
  let best = { device: 'cpu' as Provider, contestant: await open('cpu') };
  if (others.length === 0) return { session: best.contestant.session, device: 'cpu', warnings: [] };
  const warnings: string[] = [];
  let expected: Trial;
  try {
    expected = await trial(best.contestant, now);
  } catch (error) {
    const why = `Only the CPU is used, as devices cannot be compared: ${firstLine(messageOf(error))}`;
    return { session: best.contestant.session, device: 'cpu', warnings: [why] };
  }
  let fastest = expected.milliseconds;
  for (const device of others) {
    let contestant: Contestant<S> | null = null;
    try {
      contestant = await open(device);
      const { values, milliseconds } = await trial(contestant, now);
      if (!isSame(values, expected.values)) {
        warnings.push(`${device} is not used: on a test batch it answers differently from the CPU.`);
      } else if (milliseconds < fastest) {
        await best.contestant.release();
        best = { device, contestant };
        fastest = milliseconds;
        contestant = null;
      }
    } catch (error) {
      warnings.push(`${device} is not used: ${firstLine(messageOf(error))}`);
    }
    await contestant?.release();
  }
  return { session: best.contestant.session, device: best.device, warnings };
}

interface Trial {
  readonly values: Float32Array;
  readonly milliseconds: number;
}

async function trial<S>({ run }: Contestant<S>, now: () => number): Promise<Trial> {
  const values = await run();
  let milliseconds = Infinity;
  for (let i = 0; i < TIMED_RUNS; i++) {
    const start = now();
    await run();
    milliseconds = Math.min(milliseconds, now() - start);
  }
  return { values, milliseconds };
}

/** NaN is the same answer as NaN only. */
function isSame(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  const scale = b.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 1e-6);
  return a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - b[i]!) <= TOLERANCE * scale);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!;
}
