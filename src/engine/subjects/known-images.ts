import type { KnownImages } from '../../data/preprocessing';
import type { Checkpoint } from '../../model/checkpoint';
import type { OnnxModel } from '../../model/onnx/graph';
import { recordedImageSize, recordedPreprocessing } from '../../model/onnx/recorded';
import type { WeightedGraph } from '../../model/weighted-graph';

/** What an ONNX model tells of its images in its metadata. */
export function knownOf(model: Pick<OnnxModel, 'metadata'>): KnownImages {
  return { size: recordedImageSize(model), recorded: recordedPreprocessing(model.metadata) };
}

/** What a checkpoint of a known architecture tells of its images. */
export function knownOfCheckpoint({ provenance }: Checkpoint, { inputSize }: WeightedGraph): KnownImages {
  return {
    size: { width: inputSize, height: inputSize },
    recorded: recordedPreprocessing(Object.entries(provenance)),
  };
}
