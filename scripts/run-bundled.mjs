// Bundles a TypeScript file of test/ and runs it with the arguments given; ends with its exit code.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { bundleProgram, root } from './bundle.mjs';

/** `entry`: a path from the repository's root. */
export async function runBundled(entry, args) {
  const outfile = path.join(
    root,
    '.cache',
    path.dirname(path.relative('test', entry)),
    `${path.parse(entry).name}.mjs`,
  );
  await bundleProgram(entry, outfile, {
    // The sources find the decoding worker and the codecs where `npm run build` puts them.
    SCOUR_ASSETS: JSON.stringify(path.join(root, 'dist/assets')),
    SCOUR_ROOT: JSON.stringify(root),
  });
  const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', cwd: root });
  process.exit(status ?? 1);
}
