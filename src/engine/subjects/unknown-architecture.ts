import type { CheckpointLayer } from '../../defenses/clp/checkpoint-layers';
import type { NoGraph } from '../../model/weighted-graph';
import type { Finding } from '../../protocol/findings';
import { ConfidenceSchema, type Format } from '../../protocol/scan';

const FROM_TORCH =
  "in Python, build the model from its code, load these weights into it, then torch.onnx.export(model.eval(), torch.zeros(1, 3, HEIGHT, WIDTH), 'model.onnx')";

/** How a model of each format becomes ONNX, as the code that defines it does. */
const EXPORT: Readonly<Record<Format, string>> = {
  onnx: FROM_TORCH,
  pytorch: FROM_TORCH,
  safetensors: FROM_TORCH,
  keras: 'python -m tf2onnx.convert --keras FILE --output model.onnx',
  tfjs: 'python -m tf2onnx.convert --tfjs FILE --output model.onnx',
};

/** How to export a file of weights to ONNX, as the end of a sentence. */
export function howToExport(format: Format): string {
  return EXPORT[format];
}

/** What a scan says of a file of weights whose network is not known: what it rests on, and the way to the rest. */
export function unknownArchitecture(
  format: Format,
  { problem }: NoGraph,
  layers: readonly CheckpointLayer[],
): Finding {
  const counts = ConfidenceSchema.options.map(
    (confidence) =>
      [confidence, layers.filter(({ layer }) => layer.confidence === confidence).length] as const,
  );
  const found = counts
    .filter(([, number]) => number > 0)
    .map(([confidence, number]) => `${confidence} ${number}`);
  const paired =
    found.length === 0
      ? ''
      : ` Convolutions were paired with batch norms by names and shapes (confidence: ${found.join(', ')}).`;
  return {
    id: 'architecture-unknown',
    level: 'note',
    message: `The file holds weights but no graph that Scour can run: ${problem}.${paired} It can be scanned and pruned; to evaluate or cleanse it, export it to ONNX: ${howToExport(format)}.`,
  };
}
