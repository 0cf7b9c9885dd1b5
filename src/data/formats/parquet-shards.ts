import { readdirSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../protocol/errors';
import { byCodePoint, type DatasetPart, type Skipped } from '../dataset';
import { IMAGE_NAMES } from '../labelling';

/** A shard of a split as Hugging Face names them; in a split's own folder they are `0000.parquet`. */
const SHARD = /^(?<split>.+)-(?<index>\d{5})-of-(?<count>\d{5})\.parquet$/i;
const NUMBERED = /^\d{4,5}\.parquet$/i;
const PARQUET = /\.parquet$/i;

/** The files of one split, in order, and the shards that its names announce but that are not there. */
export interface ParquetShards {
  readonly files: readonly string[];
  readonly missing: readonly Skipped[];
}

/**
 * The Parquet files that `root` names: those of a folder that holds neither folders nor images, or, for `FOLDER/SPLIT`,
 * those of one split of a folder (`data/test` for `data/test-00000-of-00001.parquet`); null where it names none. Throws DataError `bad-layout` where a
 * folder holds several splits, none of which is named as the part asked for, or `part` is `test`: which one is meant must be said.
 */
export function findParquetShards(root: string, part: DatasetPart): ParquetShards | null {
  const isFolder = statSync(root, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? root : path.dirname(root);
  const entries = list(folder);
  if (isFolder && entries.some((entry) => entry.isDirectory() || IMAGE_NAMES.test(entry.name))) return null;
  const names = entries.map(({ name }) => name).filter((name) => PARQUET.test(name));
  const splits = new Map<string, string[]>();
  for (const name of names) {
    const split = NUMBERED.test(name)
      ? ''
      : (SHARD.exec(name)?.groups?.['split'] ?? name.replace(PARQUET, ''));
    splits.set(split, [...(splits.get(split) ?? []), name]);
  }
  if (!isFolder) return shardsOf(folder, splits.get(path.basename(root)) ?? []);
  const train = part === 'train' ? splits.get('train') : undefined;
  if (train !== undefined) return shardsOf(folder, train);
  if (splits.size > 1) {
    const some = [...splits.keys()].slice(0, 5).map((split) => path.join(root, split));
    throw new DataError(
      'bad-layout',
      root,
      `${root} holds ${splits.size} splits in Parquet files; name one of them: ${some.join(', ')}.`,
    );
  }
  return shardsOf(folder, names);
}

/** What lies in a folder, hidden entries left out; nothing where it cannot be listed: whoever opens it says why. */
function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => byCodePoint(a.name, b.name));
  } catch {
    return [];
  }
}

function shardsOf(folder: string, names: readonly string[]): ParquetShards | null {
  if (names.length === 0) return null;
  const count = Number(SHARD.exec(names[0]!)?.groups?.['count'] ?? 0);
  const there = new Set(names.map((name) => Number(SHARD.exec(name)?.groups?.['index'])));
  const missing = Array.from({ length: count }, (_, index) => index)
    .filter((index) => !there.has(index))
    .map((index) => ({ path: `shard ${index} of ${count}`, reason: 'it is not there' }));
  return { files: names.map((name) => path.join(folder, name)), missing };
}
