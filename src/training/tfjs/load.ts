import { createRequire } from 'node:module';
import path from 'node:path';
import { ScourError, messageOf } from '../../protocol/errors';
import type { TfjsSearch } from '../../protocol/training-engine';
import { visible } from '../../protocol/wording';
import { SUPPORTED_MAJOR, locateTfjs, majorOf, type FoundPackage, type UnusablePackage } from './locate';
import type { Tfjs } from './tfjs';

/** TensorFlow.js cannot be used: no package, one of another version, or one that does not load or compute. */
export class TfjsPackageError extends ScourError<UnusablePackage['status']> {}

/** A package that is loaded and computes. */
export interface UsablePackage extends Omit<FoundPackage, 'status'> {
  readonly status: 'usable';
  /** The backend that TensorFlow.js chose, `tensorflow` for the native one. */
  readonly backend: string;
  /** True where the backend says that it computes on a GPU. */
  readonly usesGpu: boolean;
}

export type TfjsAvailability = UsablePackage | FoundPackage | UnusablePackage;

export interface LoadedTfjs {
  readonly tf: Tfjs;
  readonly package: UsablePackage;
}

/**
 * Loads the first package that works. This runs the package's code: call it in the engine's process, and only where
 * the workspace is trusted. Throws TfjsPackageError, which says of every candidate why it cannot be used.
 */
export async function loadTfjs(search: TfjsSearch): Promise<LoadedTfjs> {
  const { loaded, candidates } = await tryInTurn(search);
  if (loaded) return loaded;
  const unusable = candidates.filter((each) => each.status !== 'installed' && each.status !== 'usable');
  // A package that is there says more than one that is not.
  const [worst] = [...unusable].sort((a, b) => Number(a.status === 'absent') - Number(b.status === 'absent'));
  throw new TfjsPackageError(worst?.status ?? 'absent', unusable.map(({ reason }) => reason).join(' '));
}

/**
 * What can be used and why not, best first. Loads what it reports as `usable`; those after it stay `installed`, since
 * two copies of TensorFlow.js in one process fight over their registries. The same conditions as for `loadTfjs`.
 */
export async function availableTfjs(search: TfjsSearch): Promise<readonly TfjsAvailability[]> {
  return (await tryInTurn(search)).candidates;
}

async function tryInTurn(
  search: TfjsSearch,
): Promise<{ loaded: LoadedTfjs | null; candidates: readonly TfjsAvailability[] }> {
  let loaded: LoadedTfjs | null = null;
  const candidates: TfjsAvailability[] = [];
  for (const candidate of await locateTfjs(search)) {
    if (candidate.status !== 'installed' || loaded !== null) {
      candidates.push(candidate);
      continue;
    }
    try {
      loaded = await load(candidate);
      candidates.push(loaded.package);
    } catch (cause) {
      candidates.push(unusable(candidate, cause));
    }
  }
  return { loaded, candidates };
}

function unusable({ name, directory, version }: FoundPackage, cause: unknown): UnusablePackage {
  const wrong = cause instanceof WrongCore;
  const advice = wrong
    ? `Run 'npm install ${name}@${SUPPORTED_MAJOR}'.`
    : `Its native part may not have been downloaded or built, or be for another Node (this is ${process.version}): run 'npm rebuild ${name}' and see what it says.`;
  return {
    status: wrong ? 'wrong-version' : 'broken',
    name,
    directory,
    reason: `${name} ${visible(version)} in ${visible(directory)} cannot be used: ${visible(messageOf(cause))}. ${advice}`,
  };
}

/** The manifest is right and the code is of another version. */
class WrongCore extends Error {}

async function load(found: FoundPackage): Promise<LoadedTfjs> {
  const tf: unknown = createRequire(path.join(found.directory, 'package.json'))(found.directory);
  if (!isTfjs(tf)) throw new Error('it does not offer what TensorFlow.js offers');
  if (majorOf(tf.version_core) !== SUPPORTED_MAJOR)
    throw new WrongCore(
      `it runs TensorFlow.js ${visible(tf.version_core)}, and Scour works with ${SUPPORTED_MAJOR}.x`,
    );
  await tf.ready();
  checkItDifferentiates(tf);
  const backend = tf.getBackend();
  const usesGpu = (tf.backend() as { isUsingGpuDevice?: unknown }).isUsingGpuDevice === true;
  return { tf, package: { ...found, status: 'usable', backend, usesGpu } };
}

/** What the mapping is built on; a package that has these has the rest. */
const FUNCTIONS = [
  'ready',
  'getBackend',
  'backend',
  'engine',
  'tidy',
  'keep',
  'customGrad',
  'tensor',
  'conv2d',
];

function isTfjs(module: unknown): module is Tfjs {
  if (typeof module !== 'object' || module === null) return false;
  const members = module as Readonly<Record<string, unknown>>;
  return (
    FUNCTIONS.every((name) => typeof members[name] === 'function') &&
    typeof members['version_core'] === 'string'
  );
}

/** d/dw of Σ x ∗ w for one pixel is that pixel. A device without its libraries fails here and not in the first step. */
function checkItDifferentiates(tf: Tfjs): void {
  const [gradient] = tf.tidy(() => {
    const image = tf.tensor4d([3], [1, 1, 1, 1]);
    const loss = tf.grad((w) => tf.sum(tf.conv2d(image, tf.reshape(w, [1, 1, 1, 1]), 1, 'valid')));
    return loss(tf.tensor1d([2])).dataSync();
  });
  if (gradient !== 3) throw new Error(`it computes ${gradient ?? 'nothing'} where 3 is right`);
}
