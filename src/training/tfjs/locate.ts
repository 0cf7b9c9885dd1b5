import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../../protocol/errors';
import type { TfjsSearch } from '../../protocol/training-engine';
import { visible } from '../../protocol/wording';

/** The packages that bring TensorFlow's own kernels, the faster first. */
export const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
export type PackageName = (typeof PACKAGES)[number];

/** The major version whose operators and gradients Scour is written for. */
export const SUPPORTED_MAJOR = 4;

/** A package that may be loaded. */
export interface FoundPackage {
  readonly status: 'installed';
  readonly name: PackageName;
  readonly directory: string;
  readonly version: string;
}

/** Why a package cannot be used. `directory` is null where there is none. */
export interface UnusablePackage {
  readonly status: 'absent' | 'wrong-version' | 'broken';
  readonly name: PackageName;
  readonly directory: string | null;
  readonly reason: string;
}

/** package.json of a TensorFlow.js package is 4 kB. */
const MANIFEST_LIMIT = 1024 * 1024;

/**
 * What lies where packages are looked for, best first, one entry a package found and one for each name that is not
 * there. Reads manifests only; nothing is run.
 */
export async function locateTfjs(search: TfjsSearch): Promise<(FoundPackage | UnusablePackage)[]> {
  if (search.setting !== null && (await hasManifest(search.setting)))
    return [await inspect(search.setting, null)];
  const roots = search.setting === null ? search.workspaces : [search.setting];
  const results: (FoundPackage | UnusablePackage)[] = [];
  for (const name of PACKAGES) {
    const places = roots.map((root) => path.join(root, 'node_modules', name));
    const present: string[] = [];
    for (const place of places) if (await hasManifest(place)) present.push(place);
    for (const place of present) results.push(await inspect(place, name));
    if (present.length === 0)
      results.push({ status: 'absent', name, directory: null, reason: absence(name, roots) });
  }
  return results;
}

function absence(name: PackageName, roots: readonly string[]): string {
  const install = `To train with TensorFlow.js, run 'npm install ${name}@${SUPPORTED_MAJOR}' in the workspace, or set the path of a folder where it is installed.`;
  if (roots.length === 0) return `No folder is open in which ${name} could be installed. ${install}`;
  return `${name} is not installed in ${roots.map((root) => visible(root)).join(', ')}. ${install}`;
}

/** False where there is no such file; what cannot be looked at is there, and its reading says why not. */
async function hasManifest(directory: string): Promise<boolean> {
  try {
    return (await stat(path.join(directory, 'package.json'))).isFile();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

/** Reads a package's manifest. `expected` is null where the folder was named by the user and may be either package. */
async function inspect(
  directory: string,
  expected: PackageName | null,
): Promise<FoundPackage | UnusablePackage> {
  const guess = expected ?? PACKAGES[1];
  const broken = (reason: string): UnusablePackage => ({
    status: 'broken',
    name: guess,
    directory,
    reason: `${visible(directory)} ${reason}. Install the package again, or choose another folder.`,
  });
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readBounded(path.join(directory, 'package.json')));
  } catch (cause) {
    return broken(`has a package.json that cannot be read (${visible(messageOf(cause))})`);
  }
  const { name, version } = (typeof manifest === 'object' && manifest !== null ? manifest : {}) as {
    name?: unknown;
    version?: unknown;
  };
  const known = PACKAGES.find((each) => each === name);
  if (known === undefined || (expected !== null && known !== expected))
    return broken(
      `holds ${typeof name === 'string' ? `the package '${visible(name)}'` : 'no package'}, not ${expected ?? PACKAGES.join(' or ')}`,
    );
  if (typeof version !== 'string') return broken('does not say its version');
  if (majorOf(version) !== SUPPORTED_MAJOR)
    return {
      status: 'wrong-version',
      name: known,
      directory,
      reason: `${known} in ${visible(directory)} is version ${visible(version)}; Scour works with ${SUPPORTED_MAJOR}.x. Run 'npm install ${known}@${SUPPORTED_MAJOR}'.`,
    };
  return { status: 'installed', name: known, directory, version };
}

/** The major number of a semantic version; null for anything else. */
export function majorOf(version: string): number | null {
  const match = /^(\d{1,6})\.\d+\.\d+(?:[-+].*)?$/.exec(version);
  return match ? Number(match[1]) : null;
}

async function readBounded(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MANIFEST_LIMIT) throw new RangeError(`it has ${size} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
