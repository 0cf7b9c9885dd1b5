import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ModelFacts } from '../protocol/scan';

/** What is asked of a save dialog for the pruned copy of a model. */
export interface ExportChoice {
  /** A name beside the input: `net.onnx` → `net.pruned.onnx`. */
  readonly suggested: string;
  /** Formats that it can be written in, the input's own first. */
  readonly filters: Readonly<Record<string, string[]>>;
}

/**
 * The input's own format, and ONNX where its graph is known (`model`, what the scan says of it). Indexes of several files
 * (`.json`) are not written in their own.
 */
export function exportChoice(
  input: string,
  model: Pick<ModelFacts, 'format' | 'architecture'> | null,
): ExportChoice {
  const { dir, base } = path.parse(input);
  const ending = /\.pth\.tar$/i.exec(base)?.[0] ?? path.extname(base);
  const isIndex = /^\.json$/i.test(ending);
  const isOnnx = model === null ? /^\.onnx$/i.test(ending) : model.format === 'onnx';
  const hasGraph = model?.architecture !== undefined;
  const own = ending === '' && isOnnx ? '.onnx' : ending;
  const endings = isIndex && hasGraph ? ['.onnx'] : [own, ...(hasGraph && !isOnnx ? ['.onnx'] : [])];
  const name = base.slice(0, base.length - ending.length);
  return {
    suggested: path.join(dir, `${name}.pruned${endings[0]}`),
    filters: Object.fromEntries(endings.map(filterOf)),
  };
}

/** Extensions of a filter hold one part: `.pth.tar` would never match. */
function filterOf(ending: string): [string, string[]] {
  const bare = ending.split('.').at(-1)!.toLowerCase();
  return bare === ''
    ? ['All files', ['*']]
    : [bare === 'onnx' ? 'ONNX' : `${bare.toUpperCase()} model`, [bare]];
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
