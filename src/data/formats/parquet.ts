import path from 'node:path';
import * as v from 'valibot';
import { DataError } from '../../protocol/errors';
import type { Dataset, Sample, Skipped } from '../dataset';
import { ParquetFile, type ParquetColumn } from './parquet-file';

const MAX_CLASSES = 100_000;
/** Names of the columns of labels, the finest first: CIFAR-100 has two. */
const LABEL_NAMES = ['label', 'labels', 'fine_label', 'class', 'target'];
const INTEGERS: readonly (string | null)[] = ['INT32', 'INT64'];

/** What Hugging Face's datasets writes into the footer under `huggingface`, as far as it is used. */
const FeaturesSchema = v.object({
  info: v.object({
    features: v.record(
      v.string(),
      v.looseObject({
        _type: v.optional(v.string()),
        names: v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_CLASSES))),
      }),
    ),
  }),
});
type Features = v.InferOutput<typeof FeaturesSchema>['info']['features'];

/** True where the bytes start as a Parquet file does. */
export function isParquet(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PAR1';
}

/**
 * Opens the shards of an image set as Hugging Face exports it: a column of images (`{bytes, path}`, or bytes alone) and
 * one of class numbers, whose names stand in the footer. A label below zero, which is how hidden labels are published, or
 * a missing one leaves its image out, and says so; without any label the set is unlabelled. Only the labels are read.
 * Rejects with DataError.
 */
export async function openParquet(root: string, shards: readonly string[]): Promise<Dataset> {
  const samples: Sample[] = [];
  const unlabelled: Sample[] = [];
  let names: readonly string[] | null = null;
  for (const [i, shard] of shards.entries()) {
    const file = await ParquetFile.open(shard);
    const columns = columnsOf(file);
    if (i === 0) names = columns.names;
    else if (columns.names?.join('\0') !== names?.join('\0')) {
      throw layout(shard, `${shard} has other classes than ${shards[0]}.`);
    }
    for (const [group, rows] of file.groups.entries()) {
      const labels = columns.label === null ? null : await file.read(columns.label, group);
      for (let row = 0; row < rows; row++) {
        const label =
          labels === null ? null : labelOf(labels[row], `${shard}:row group ${group}, row ${row}`);
        const sample: Sample = {
          name: `${path.basename(shard)}/${group}/${row}`,
          label,
          location: { kind: 'cell', path: shard, column: columns.image, group, row },
        };
        (label === null ? unlabelled : samples).push(sample);
      }
    }
  }
  if (samples.length + unlabelled.length === 0)
    throw new DataError('no-images', root, `${root} has no rows.`);
  if (samples.length === 0) return { root, classes: null, samples: unlabelled, skipped: [] };
  const skipped = unlabelled.map(({ name }): Skipped => ({ path: name, reason: 'it has no label' }));
  return { root, classes: classesOf(root, names, samples), samples, skipped };
}

/** The columns that hold the images, and the labels and their names where there are any. */
function columnsOf(file: ParquetFile): {
  image: string;
  label: string | null;
  names: readonly string[] | null;
} {
  const features = featuresOf(file);
  const typeOf = ({ name }: ParquetColumn) => features[name]?._type;
  const image =
    file.columns.find((column) => typeOf(column) === 'Image') ??
    file.columns.find(({ children }) => children.includes('bytes')) ??
    file.columns.find(({ name, type }) => type === 'BYTE_ARRAY' && /^(image|img)$/i.test(name));
  if (image === undefined) {
    const there = file.columns.map(({ name }) => JSON.stringify(name)).join(', ');
    throw layout(file.path, `${file.path} has no column of images ({bytes, path}), but ${there || 'none'}.`);
  }
  const integers = file.columns.filter(({ type }) => INTEGERS.includes(type));
  const named = integers.filter((column) => typeOf(column) === 'ClassLabel');
  const candidates = named.length > 0 ? named : integers;
  const label =
    LABEL_NAMES.map((name) => candidates.find((column) => column.name === name)).find(
      (column) => column !== undefined,
    ) ?? (named.length === 1 ? named[0] : undefined);
  if (label === undefined && named.length > 1) {
    const there = named.map(({ name }) => JSON.stringify(name)).join(', ');
    throw layout(file.path, `${file.path} has several columns of labels, none named 'label': ${there}.`);
  }
  return {
    image: image.name,
    label: label?.name ?? null,
    names: (label === undefined ? undefined : features[label.name]?.names) ?? null,
  };
}

function featuresOf(file: ParquetFile): Features {
  const text = file.value('huggingface');
  if (text === null) return {};
  const broken = (cause?: unknown) =>
    new DataError('bad-layout', file.path, `${file.path}: its 'huggingface' metadata cannot be understood.`, {
      cause,
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw broken(cause);
  }
  const parsed = v.safeParse(FeaturesSchema, json);
  if (!parsed.success) throw broken();
  return parsed.output.info.features;
}

/** A class number, or null where there is none. */
function labelOf(value: unknown, where: string): number | null {
  if (value === null || value === undefined) return null;
  const label = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : NaN;
  if (!Number.isInteger(label) || label >= MAX_CLASSES) throw layout(where, `${where}: no class number.`);
  return label < 0 ? null : label;
}

function classesOf(
  root: string,
  names: readonly string[] | null,
  samples: readonly Sample[],
): readonly string[] {
  const most = samples.reduce((max, { label }) => Math.max(max, label!), -1);
  if (names === null) return Array.from({ length: most + 1 }, (_, label) => String(label));
  if (most >= names.length) {
    throw layout(root, `${root} has a label ${most}, but names ${names.length} classes.`);
  }
  return names;
}

function layout(where: string, message: string): DataError {
  return new DataError('bad-layout', where, message);
}
