import type { PixelPool } from '../../data/pixel-pool';
import { inputDims, toTensor } from '../../data/tensor';
import type { OnnxFile } from '../../model/onnx/open';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { Classifier } from '../../runtime/classifier';
import { TrainingError } from '../../training/errors';
import { FORWARDING } from '../../training/forward/prepare';

/** The model to distil from, in inference mode. */
export interface Teacher {
  /** Logits of `count` images, count × K. `dims` is the shape of one image. Throws RuntimeError. */
  logits(
    images: Float32Array,
    count: number,
    dims: readonly number[],
  ): Promise<{ logits: Float32Array; classes: number }>;
}

const TRIED = 8;

/** The smallest normal float32: where a probability was rounded to zero. */
const TINIEST = 2 ** -126;

/**
 * The teacher that a file and its session make. Of a model that ends in a softmax, ln p serves as logits: they differ from
 * the true ones by a constant per image, which no softmax sees. Throws TrainingError `unsupported-model` where the class
 * scores that are read are not those that training starts from.
 */
export function teacherOf(file: OnnxFile, classifier: Classifier): Teacher {
  const first = file.model.graph.outputs[0]?.name ?? '';
  if (classifier.outputName !== first) {
    throw new TrainingError(
      'unsupported-model',
      `Class scores are the model's output '${classifier.outputName}', but its first output is '${first}'. Export it with the scores first.`,
    );
  }
  const isProbability = endsInSoftmax(file, first);
  return {
    logits: async (images, count, dims) => {
      const { scores, classes } = await classifier.scores(images, count, dims);
      if (!scores.every((score) => Number.isFinite(score))) {
        throw new TrainingError(
          'unsupported-model',
          'The model gives scores that are not finite numbers for some images: nothing can be learnt from it. Its weights may be damaged, or mean and std wrong.',
        );
      }
      if (!isProbability) return { logits: scores, classes };
      return { logits: scores.map((p) => Math.log(Math.max(p, TINIEST))), classes };
    },
  };
}

/**
 * Asks the teacher about the first images, so that a model nothing can be learnt from is known before any training.
 * Throws RuntimeError or TrainingError as `logits` does.
 */
export async function tryTeacher(
  teacher: Teacher,
  pool: PixelPool,
  preprocessing: Preprocessing,
): Promise<void> {
  const first = Array.from({ length: Math.min(TRIED, pool.size) }, (_, i) => i);
  for await (const pixels of pool.batches(first, TRIED)) {
    const size = pixels.length / (preprocessing.width * preprocessing.height * 3);
    await teacher.logits(toTensor(pixels, size, preprocessing), size, inputDims(preprocessing));
  }
}

function endsInSoftmax({ index }: OnnxFile, output: string): boolean {
  let node = index.producer(output);
  while (node !== undefined && FORWARDING.has(node.opType)) node = index.producer(node.inputs[0] ?? '');
  return node?.opType === 'Softmax';
}
