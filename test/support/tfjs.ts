import { buildSync } from 'esbuild';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Tfjs } from '../../src/training/tfjs/tfjs';
import { ROOT } from './paths';

const BUNDLE = path.join(ROOT, '.cache/tfjs/tfjs-cpu-4.22.0.cjs');

/**
 * TensorFlow.js with its gradients and its pure-JavaScript backend, as one CommonJS file, made when first asked for.
 * The packages as installed cannot be loaded together: tfjs-core's CommonJS build has no gradients, and the module that
 * registers them is written as ESM in a package that does not say so.
 */
export function tfjsBundle(): string {
  if (existsSync(BUNDLE)) return BUNDLE;
  mkdirSync(path.dirname(BUNDLE), { recursive: true });
  const own = `${BUNDLE}.${process.pid}`;
  buildSync({
    stdin: {
      contents:
        "import '@tensorflow/tfjs-core/dist/register_all_gradients'; import '@tensorflow/tfjs-backend-cpu'; export * from '@tensorflow/tfjs-core';",
      resolveDir: ROOT,
    },
    bundle: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    format: 'cjs',
    logLevel: 'error',
    outfile: own,
  });
  renameSync(own, BUNDLE);
  return BUNDLE;
}

/** TensorFlow.js on its pure-JavaScript backend, ready. */
export async function loadTfjsCpu(): Promise<Tfjs> {
  const tf = createRequire(import.meta.url)(tfjsBundle()) as Tfjs;
  await tf.setBackend('cpu');
  await tf.ready();
  return tf;
}
