// Licences of the libraries that the bundles contain: their terms ask that the notice travels with the copy.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Copied into dist/ beside the bundles, so no bundle names them. */
const COPIED = ['@vscode/codicons', '@jsquash/jpeg', '@jsquash/webp'];

/** Writes `outdir`/THIRD_PARTY_NOTICES.txt for the packages that esbuild's metafiles name, and those copied. */
export async function writeNotices(root, outdir, metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const found = inputs.flatMap(
    (input) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
  );
  const names = [...new Set([...found, ...COPIED])].sort();
  const parts = await Promise.all(names.map((name) => notice(root, name)));
  const rule = '-'.repeat(80);
  await writeFile(
    path.join(outdir, 'THIRD_PARTY_NOTICES.txt'),
    `Scour contains the following libraries.\n\n${parts.join(`\n${rule}\n\n`)}`,
  );
}

async function notice(root, name) {
  const folder = path.join(root, 'node_modules', name);
  const {
    version,
    license,
    homepage = '',
  } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return `${name} ${version} (${license}) ${homepage}\n\n${texts.map((text) => `${text.trim()}\n`).join('\n')}`;
}
