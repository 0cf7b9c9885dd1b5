import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open-dataset';
import { DataError } from '../../protocol/errors';

/** A dataset with labels of at least two classes. */
export type LabelledDataset = Dataset & { readonly classes: readonly string[] };

/** Opens a dataset to learn from; of one in parts, that for training. Rejects with DataError where it has no labels, or one class. */
export async function openTrainingSet(data: string): Promise<LabelledDataset> {
  const dataset = await openDataset(data, 'train');
  const { classes } = dataset;
  if (classes !== null && classes.length >= 2) return { ...dataset, classes };
  const what = classes === null ? 'has no labels' : 'has one class';
  throw new DataError(
    'bad-layout',
    data,
    `${data} ${what}: a dataset to be split has a folder for every class (or labels of its own, as CIFAR's files have), and at least two classes.`,
  );
}
