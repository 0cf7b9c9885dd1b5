// h5wasm carries the HDF5 library's WebAssembly as a string within its JavaScript: some 5 MB of text that every thread
// would parse and decode before it could compile them. Here the two are taken apart.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const FILE = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  '../node_modules/h5wasm/dist/esm/hdf5_util.js',
);
const LITERAL = /binaryDecode\(('(?:[^'\\]|\\.)*')\)/s;

/** The library's WebAssembly, and the script that starts it without its own copy. */
export async function hdf5Library() {
  const whole = await readFile(FILE, 'utf8');
  const [, literal] = LITERAL.exec(whole) ?? [];
  if (literal === undefined) throw new Error(`${FILE} holds no WebAssembly where it is looked for`);
  // A character a byte; 256 stands for 0.
  const wasm = Buffer.from(vm.runInNewContext(literal), 'latin1');
  if (!WebAssembly.validate(wasm))
    throw new Error(`the WebAssembly in ${FILE} is not decoded as it should be`);
  return { wasm, script: whole.replace(literal, () => "''") };
}

/** Lets `import start from 'h5wasm/library'` mean that script, which the package does not export. */
export const hdf5LibraryApart = {
  name: 'hdf5-library-apart',
  setup(build) {
    build.onResolve({ filter: /^h5wasm\/library$/ }, () => ({ path: FILE }));
    build.onLoad({ filter: /[\\/]h5wasm[\\/]dist[\\/]esm[\\/]hdf5_util\.js$/ }, async () => ({
      contents: (await hdf5Library()).script,
    }));
  },
};
