import { inputDims, toTensor } from '../../data/tensor';
import { Classifier, predictions } from '../../runtime/classifier';
import type { SessionOptions } from '../../runtime/session';
import type { Distillation } from './distil';

const BATCH = 256;

/**
 * Share of the images, as they are, on which the model at `path` and the teacher predict the same class, in percent.
 * Throws RuntimeError, and what `onProgress` throws.
 */
export async function agreementWithTeacher(
  path: string,
  run: SessionOptions,
  { teacher, pool, preprocessing }: Pick<Distillation, 'teacher' | 'pool' | 'preprocessing'>,
  onProgress: (share: number) => Promise<void>,
): Promise<number> {
  const student = await Classifier.open(path, run);
  try {
    const dims = inputDims(preprocessing);
    const order = Array.from({ length: pool.size }, (_, i) => i);
    let same = 0;
    let seen = 0;
    for await (const pixels of pool.batches(order, BATCH)) {
      const size = pixels.length / (preprocessing.width * preprocessing.height * 3);
      const images = toTensor(pixels, size, preprocessing);
      const taught = await teacher.logits(images, size, dims);
      const learnt = await student.scores(images, size, dims);
      const theirs = predictions(taught.logits, taught.classes);
      same += predictions(learnt.scores, learnt.classes).reduce(
        (sum, each, i) => sum + Number(each === theirs[i]),
        0,
      );
      seen += size;
      await onProgress(seen / pool.size);
    }
    return (100 * same) / seen;
  } finally {
    await student.release();
  }
}
