import type { BuildOptions } from 'esbuild';

export function workerBundle(node: BuildOptions): BuildOptions;
export function copyWebAssembly(outdir: string): Promise<void>;
