import { constantChain } from '../../model/onnx/constant';
import { writeEdited } from '../../model/onnx/edit';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import { elementsOf } from '../../model/onnx/tensor-data';
import { MemorySource } from '../../model/source';
import type { OnnxLayer } from '../clp/onnx-layers';
import { pruneEdits, silencesOf, type Selection } from '../clp/prune-onnx';
import { parameterOf } from './weight-layers';

/** Elements of parameters that stay zero: by the name that training graphs use, 1 where trained and 0 where held. */
export type Masks = ReadonlyMap<string, Float32Array>;

/**
 * A copy of an open file, in memory, with the selected channels pruned, and the masks that hold them at zero while the
 * rest is trained: scale and shift of the batch norm, or weights and bias of the convolution where there is none.
 * External data is read where it lies. Throws ModelError; the caller closes the copy.
 */
export function prunedCopy(
  file: OnnxFile,
  layers: readonly OnnxLayer[],
  selection: Selection,
): { file: OnnxFile; masks: Masks } {
  const pieces: Uint8Array[] = [];
  writeEdited(file.source, pruneEdits(file, layers, selection), (piece) => pieces.push(piece));
  const copy = openOnnx(new MemorySource(file.source.path, new Uint8Array(Buffer.concat(pieces))));
  try {
    return { file: copy, masks: masksOf(file, copy, layers, selection) };
  } catch (error) {
    copy.close();
    throw error;
  }
}

function masksOf(file: OnnxFile, copy: OnnxFile, layers: readonly OnnxLayer[], selection: Selection): Masks {
  const masks = new Map<string, Float32Array>();
  for (const { node, input, elements } of silencesOf(file, layers, selection)) {
    // Pruning may have given the node a tensor of its own, under another name.
    const same = copy.index.producer(node.outputs[0] ?? '');
    const chain = constantChain(copy.index, same?.inputs[input] ?? '');
    if (typeof chain === 'string') throw new TypeError(`a pruned channel is no constant: ${chain}`);
    const parameter = parameterOf(chain);
    const mask = masks.get(parameter) ?? new Float32Array(elementsOf(chain.tensor)).fill(1);
    const origin = copy.evaluator.origin(chain);
    for (const element of elements) mask[origin?.[element] ?? element] = 0;
    masks.set(parameter, mask);
  }
  return masks;
}
