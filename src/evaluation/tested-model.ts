import { resolvePreprocessing, type KnownImages } from '../data/preprocessing';
import { inputDims, toTensor } from '../data/tensor';
import { RuntimeError } from '../protocol/errors';
import type { Preprocessing, PreprocessingOptions } from '../protocol/preprocessing';
import { Classifier, predictions } from '../runtime/classifier';
import type { SessionOptions } from '../runtime/session';

/** A model to load: the file that the user named, and the ONNX file that runs as it. */
export interface ModelToRun {
  readonly path: string;
  readonly onnx: string;
  readonly known: KnownImages;
  /** What a user must know of how the one was made of the other. */
  readonly notes: readonly string[];
}

/** A model under evaluation. */
export interface TestedModel {
  readonly path: string;
  /** The ONNX file that runs. */
  readonly onnx: string;
  readonly known: KnownImages;
  readonly classifier: Classifier;
  readonly preprocessing: Preprocessing;
  readonly warnings: readonly string[];
}

/**
 * Loads models to be measured on the same images. Where nothing beside a model states mean and std, those of the first
 * are taken (a pruned copy in another folder is fed like its original). The caller releases them with `releaseTested`,
 * and the files that they were made of itself.
 *
 * Throws RuntimeError where one cannot be loaded, or takes images of another size than the first.
 */
export async function openTested(
  models: readonly ModelToRun[],
  options: PreprocessingOptions,
  run: SessionOptions,
): Promise<TestedModel[]> {
  const subjects: TestedModel[] = [];
  try {
    for (const model of models) {
      const classifier = await Classifier.open(model.onnx, run);
      const [first] = subjects;
      try {
        subjects.push(testedModel(model, classifier, options, first));
      } catch (error) {
        await classifier.release();
        throw error;
      }
    }
  } catch (error) {
    await releaseTested(subjects);
    throw error;
  }
  return subjects;
}

function testedModel(
  { path, onnx, known, notes }: ModelToRun,
  classifier: Classifier,
  options: PreprocessingOptions,
  first: TestedModel | undefined,
): TestedModel {
  const shape = classifier.inputShape;
  const own = resolvePreprocessing({ modelPath: path, shape, options, known });
  const sameChannels = first?.preprocessing.channels === own.preprocessing.channels;
  if (first && own.preprocessing.source === 'none' && first.preprocessing.source !== 'none' && sameChannels) {
    const { mean, std, source, resize, filter } = first.preprocessing;
    const inherited = { ...own.preprocessing, mean, std, source, resize, filter };
    checkSize(path, inherited, first);
    const warnings = [...notes, ...classifier.warnings];
    return { path, onnx, known, classifier, preprocessing: inherited, warnings };
  }
  if (first) checkSize(path, own.preprocessing, first);
  return {
    path,
    onnx,
    known,
    classifier,
    preprocessing: own.preprocessing,
    warnings: [...notes, ...classifier.warnings, ...own.warnings],
  };
}

function checkSize(path: string, own: Preprocessing, first: TestedModel): void {
  const of = ({ width, height, resize, filter }: Preprocessing): string =>
    `${height} × ${width}${resize === null ? '' : ` cut from a short side of ${resize}`}, ${filter}`;
  if (of(own) === of(first.preprocessing)) return;
  throw new RuntimeError(
    'input-mismatch',
    `${path} takes images of ${of(own)}, but ${first.path} of ${of(first.preprocessing)}: models of one evaluation see the same pixels. Evaluate them one by one, or give --size.`,
  );
}

export async function releaseTested(subjects: readonly TestedModel[]): Promise<void> {
  for (const { classifier } of subjects) await classifier.release();
}

/** 8-bit images as inputs of several models: normalised once for all that share their preprocessing. */
export class Inputs {
  private readonly pixels: Uint8Array;
  private readonly count: number;
  private readonly tensors = new Map<string, Float32Array>();

  /** `pixels`: `count` images of height × width × 3 bytes, RGB. */
  constructor(pixels: Uint8Array, count: number) {
    this.pixels = pixels;
    this.count = count;
  }

  /** Predicted class of each image and K. Throws RuntimeError. */
  async predict({
    classifier,
    preprocessing,
  }: TestedModel): Promise<{ predicted: Int32Array; classes: number }> {
    const key = JSON.stringify(preprocessing);
    const tensor = this.tensors.get(key) ?? toTensor(this.pixels, this.count, preprocessing);
    this.tensors.set(key, tensor);
    const { scores, classes } = await classifier.scores(tensor, this.count, inputDims(preprocessing));
    return { predicted: predictions(scores, classes), classes };
  }
}
