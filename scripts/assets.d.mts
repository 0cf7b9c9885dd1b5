import type { BuildOptions } from 'esbuild';

export function workerBundle(node: BuildOptions): BuildOptions;
export function copyCodecs(outdir: string): Promise<void>;
