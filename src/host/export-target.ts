import { stat } from 'node:fs/promises';
import path from 'node:path';

/** The name suggested for the pruned copy of a model: `net.onnx` → `net.pruned.onnx`, beside it. */
export function suggestedExport(input: string): string {
  const { dir, name, ext } = path.parse(input);
  return path.join(dir, `${name}.pruned${ext === '' ? '.onnx' : ext}`);
}

export type ExportTarget = 'new' | 'exists' | 'is-input';

/** What `output` is now: nothing yet, another file, or the input itself (by path, symbolic or hard link). */
export async function examineTarget(input: string, output: string): Promise<ExportTarget> {
  const [from, to] = await Promise.all([idOf(input), idOf(output)]);
  if (path.resolve(input) === path.resolve(output)) return 'is-input';
  if (to === null) return 'new';
  return from === to ? 'is-input' : 'exists';
}

/** Device and inode of a file, or null where there is none. */
async function idOf(file: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
