import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const SCRIPT = path.join(import.meta.dirname, '../../scripts/package.mjs');

describe('npm run package', () => {
  it.each([[[]], [['plan9']], [['constructor']], [['linux-x64', 'win32-x64']]])('refuses %j', (targets) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, '--no-build', ...targets], {
      encoding: 'utf8',
    });
    expect(status).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toContain('linux-x64 | linux-arm64 | darwin-arm64 | win32-x64 | win32-arm64');
  });
});
