import path from 'node:path';
import { DataError } from '../../protocol/errors';
import type { Dataset, Sample } from '../dataset';
import { readRange } from '../read-range';

/** The list that comes with the German Traffic Sign benchmark's test images. */
export const GTSRB_LIST = /^GT-.*\.csv$/;
const MAX_LIST = 16 * 1024 * 1024;
const MAX_CLASSES = 10_000;

/**
 * Labels the images of a flat folder by GTSRB's list (`Filename;…;ClassId`). Classes are named as the folders of the
 * training set, by five digits. Images without a line in the list are left out, and said so. Throws DataError
 * `bad-layout` where the list has other columns or none of the images.
 */
export function labelByGtsrbList(set: Dataset, list: string): Dataset {
  const labels = readList(list);
  const samples: Sample[] = [];
  const skipped = [...set.skipped];
  for (const sample of set.samples) {
    const label = labels.get(sample.name);
    if (label === undefined)
      skipped.push({ path: sample.name, reason: `${path.basename(list)} has no line for it` });
    else samples.push({ ...sample, label });
  }
  if (samples.length === 0)
    throw new DataError('bad-layout', list, `${list} names none of the images beside it.`);
  const count = samples.reduce((most, { label }) => Math.max(most, label ?? 0), 0) + 1;
  const classes = Array.from({ length: count }, (_, i) => String(i).padStart(5, '0'));
  return { ...set, classes, samples, skipped };
}

function readList(list: string): Map<string, number> {
  const [head = '', ...lines] = readRange(list, 0, null, MAX_LIST).toString('utf8').trimEnd().split(/\r?\n/);
  const columns = head.split(';');
  const [nameAt, classAt] = [columns.indexOf('Filename'), columns.indexOf('ClassId')];
  if (nameAt < 0 || classAt < 0) {
    throw new DataError(
      'bad-layout',
      list,
      `${list} has no columns Filename and ClassId: it is the list without labels (GTSRB gives the labelled one apart).`,
    );
  }
  const labels = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    const cells = line.split(';');
    const [name, label] = [cells[nameAt], Number(cells[classAt] ?? NaN)];
    if (name === undefined || !Number.isInteger(label) || label < 0 || label >= MAX_CLASSES) {
      throw new DataError('bad-layout', list, `${list}: line ${i + 2} has no file name and class number.`);
    }
    labels.set(name, label);
  }
  return labels;
}
