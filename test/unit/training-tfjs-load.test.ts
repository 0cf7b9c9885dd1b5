import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TfjsPackageError, availableTfjs, loadTfjs } from '../../src/training/tfjs/load';
import { majorOf } from '../../src/training/tfjs/locate';
import { FIXTURES } from '../support/paths';
import { tfjsBundle } from '../support/tfjs';

const CPU = '@tensorflow/tfjs-node';
const GPU = '@tensorflow/tfjs-node-gpu';

const fixture = (name: string): string => path.join(FIXTURES, 'tfjs-packages', name);
const atPath = (setting: string) => ({ workspaces: [], setting });

let workspace: string;

beforeAll(() => {
  tfjsBundle();
});
beforeEach(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'scour-tfjs-'));
});
afterEach(() => {
  rmSync(workspace, { recursive: true, force: true });
});

/** Installs a fixture in the workspace the way pnpm does. */
function install(name: string, as: string): void {
  const place = path.join(workspace, 'node_modules', as);
  mkdirSync(path.dirname(place), { recursive: true });
  symlinkSync(fixture(name), place, 'dir');
}

async function failure(setting: string): Promise<TfjsPackageError> {
  const thrown: unknown = await loadTfjs(atPath(setting)).catch((cause: unknown) => cause);
  expect(thrown).toBeInstanceOf(TfjsPackageError);
  return thrown as TfjsPackageError;
}

describe('a package of TensorFlow.js', () => {
  it('is loaded from the workspace and computes', async () => {
    install('working', CPU);
    const { tf, package: found } = await loadTfjs({ workspaces: [workspace], setting: null });
    expect(found).toMatchObject({
      status: 'usable',
      name: CPU,
      version: '4.22.0',
      backend: 'cpu',
      usesGpu: false,
    });
    expect(tf.version_core).toBe('4.22.0');
  });

  it('is loaded from a path: its own folder, or one that it is installed in', async () => {
    expect((await loadTfjs(atPath(fixture('working')))).package.directory).toBe(fixture('working'));
    install('working', CPU);
    expect((await loadTfjs(atPath(workspace))).package.status).toBe('usable');
  });

  it('with a GPU goes first, and says that it uses one', async () => {
    install('working', CPU);
    install('working-gpu', GPU);
    const search = { workspaces: [workspace], setting: null };
    expect((await loadTfjs(search)).package).toMatchObject({
      name: GPU,
      usesGpu: true,
      backend: 'tensorflow',
    });
    expect((await availableTfjs(search)).map(({ name, status }) => [name, status])).toEqual([
      [GPU, 'usable'],
      [CPU, 'installed'],
    ]);
  });

  it('that is broken gives way to one that works, and its reason is told', async () => {
    install('working', CPU);
    install('native-missing', GPU);
    const search = { workspaces: [workspace], setting: null };
    expect((await loadTfjs(search)).package.name).toBe(CPU);
    const [gpu, cpu] = await availableTfjs(search);
    expect(gpu).toMatchObject({ status: 'broken', name: GPU });
    expect(gpu).toHaveProperty('reason', expect.stringContaining('tfjs_binding.node'));
    expect(cpu?.status).toBe('usable');
  });
});

describe('what cannot be used has a typed reason and an advice', () => {
  it('nothing installed', async () => {
    const [gpu, cpu, ...rest] = await availableTfjs({ workspaces: [workspace], setting: null });
    expect([gpu?.status, cpu?.status, rest]).toEqual(['absent', 'absent', []]);
    await expect(loadTfjs({ workspaces: [workspace], setting: null })).rejects.toThrow(
      expect.objectContaining({
        reason: 'absent',
        message: expect.stringContaining(`npm install ${GPU}@4`) as string,
      }) as Error,
    );
    await expect(loadTfjs({ workspaces: [], setting: null })).rejects.toThrow(/No folder is open/);
  });

  it('a path where nothing is', async () => {
    const error = await failure(path.join(workspace, 'nowhere'));
    expect([error.reason, error.message]).toEqual(['absent', expect.stringContaining('nowhere')]);
  });

  it('nothing above the workspace is searched', async () => {
    install('working', CPU);
    const inner = path.join(workspace, 'packages/app');
    mkdirSync(inner, { recursive: true });
    await expect(loadTfjs({ workspaces: [inner], setting: null })).rejects.toThrow(/is not installed/);
  });

  it('another major version, without running it', async () => {
    const error = await failure(fixture('version-3'));
    expect(error.reason).toBe('wrong-version');
    expect(error.message).toMatch(
      /is version 3\.21\.1; Scour works with 4\.x.*npm install @tensorflow\/tfjs-node@4/,
    );
    expect(globalThis).not.toHaveProperty('ranTfjsVersion3');
  });

  it('code of another version than its manifest says', async () => {
    const error = await failure(fixture('core-3'));
    expect(error.reason).toBe('wrong-version');
    expect(error.message).toMatch(/runs TensorFlow\.js 3\.18\.0/);
  });

  it.each(['no-version', 'odd-version'])('%s, without running it', async (name) => {
    const error = await failure(fixture(name));
    expect(['broken', 'wrong-version']).toContain(error.reason);
    expect(globalThis).not.toHaveProperty('ranTfjsWithoutVersion');
  });

  it('another package, without running it', async () => {
    const error = await failure(fixture('another-package'));
    expect([error.reason, error.message]).toEqual([
      'broken',
      expect.stringContaining("the package 'left-pad'"),
    ]);
    expect(globalThis).not.toHaveProperty('ranLeftPad');
  });

  it('a native part that is not there; its message is shown as text, not obeyed', async () => {
    const error = await failure(fixture('native-missing'));
    expect(error.reason).toBe('broken');
    expect(error.message).toMatch(/npm rebuild @tensorflow\/tfjs-node-gpu/);
    expect(error.message).not.toContain('\u001b');
    expect(error.message).not.toContain('\n');
  });

  it('a package that offers nothing', async () => {
    const error = await failure(fixture('empty'));
    expect([error.reason, error.message]).toEqual(['broken', expect.stringContaining('does not offer')]);
  });

  it('a package that computes wrongly', async () => {
    const error = await failure(fixture('wrong-results'));
    expect([error.reason, error.message]).toEqual([
      'broken',
      expect.stringContaining('computes 6 where 3 is right'),
    ]);
  });

  it.each([
    ['cut short', '{"name": "@tensorflow/tfjs-node"'],
    ['not an object', 'null'],
    ['larger than any manifest', `{"name": "${'x'.repeat(1 << 20)}"}`],
  ])('a manifest that is %s', async (_, text) => {
    writeFileSync(path.join(workspace, 'package.json'), text);
    const error = await failure(workspace);
    expect(error.reason).toBe('broken');
    expect(error.message.length).toBeLessThan(2000);
  });
});

it('reads the major number of versions and of nothing else', () => {
  expect(['4.22.0', '4.0.0-rc.1', '10.1.2+build', '4', 'v4.1.0', '', '4.1', '4.1.x'].map(majorOf)).toEqual([
    4,
    4,
    10,
    null,
    null,
    null,
    null,
    null,
  ]);
});
