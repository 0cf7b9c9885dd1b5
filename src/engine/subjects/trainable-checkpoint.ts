import { writeAtomically } from '../../model/atomic-write';
import type { TensorEdit } from '../../model/checkpoint';
import { isFloat } from '../../model/dtype';
import { writeEdited } from '../../model/onnx/edit';
import { PROVENANCE_KEY } from '../../model/onnx/facts';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import { replacementEdits } from '../../model/onnx/replacement';
import { MemorySource } from '../../model/source';
import { ModelError } from '../../protocol/errors';
import { visible } from '../../protocol/wording';
import { checkpointFiles, hashCheckpoint } from './checkpoint-subject';
import { knownOfCheckpoint } from './known-images';
import { closeModelGraph, type ModelGraph } from './model-graph';
import { writeOnnxResult } from './onnx-subject';
import { outputKind } from './output-format';
import { temporaryOnnx } from './runnable';
import type { Trainable, Trained } from './trainable';

type OpenCheckpoint = Extract<ModelGraph, { kind: 'checkpoint' }>;

/** A checkpoint opened to train a student of it, which can be written back into a copy of the same container. */
export function trainableCheckpoint(opened: OpenCheckpoint): Trainable {
  const { source, checkpoint, graph } = opened;
  const { path } = source;
  const files = checkpointFiles(source, checkpoint);
  const verifyUnchanged = (): void => {
    for (const file of [source, ...(checkpoint.parts ?? [])]) file.verifyUnchanged();
  };
  const { onnx, release } = temporaryOnnx(graph);
  try {
    verifyUnchanged();
    const file = openOnnx(onnx);
    return {
      file,
      onnx,
      known: knownOfCheckpoint(checkpoint, graph),
      files,
      notes: [graph.origin],
      hash: (context) => hashCheckpoint(source, checkpoint, context),
      checkOutput: (output) => {
        if (outputKind({ path, format: checkpoint.format }, output) === 'same') checkWritable(opened);
      },
      write: async (trained, target) => {
        const { output, force, provenance } = target;
        verifyUnchanged();
        if (outputKind({ path, format: checkpoint.format }, output) === 'onnx') {
          const edits = replacementEdits(trained.base, trained.model);
          return writeOnnxResult(trained.base, edits, { ...target, files });
        }
        const made: Record<string, string> = provenance === null ? {} : { [PROVENANCE_KEY]: provenance };
        const edits = trainedEdits(opened, file, trained);
        const { sha256 } = await writeAtomically(output, { force, inputs: files }, (sink) => {
          for (const piece of checkpoint.edited(edits, made)) sink(piece);
          verifyUnchanged();
        });
        return { sha256, notes: [] };
      },
      close: () => {
        file.close();
        release();
        closeModelGraph(opened);
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Throws ModelError `unsupported-type` where trained values cannot be put into a copy of the file. */
function checkWritable({ source, checkpoint, graph }: OpenCheckpoint): void {
  const probes: TensorEdit[] = [];
  for (const tensor of graph.weights.values()) {
    if (!isFloat(tensor.dtype))
      throw new ModelError(
        'unsupported-type',
        source.path,
        `${source.path}: tensor '${visible(tensor.name, 200)}' holds ${tensor.dtype} values, which cannot take trained ones. Give the output a name that ends in .onnx.`,
      );
    probes.push({ tensor, start: 0, values: tensor.slice(0, Math.min(1, tensor.elements)) });
  }
  // The first piece is made once all of the edits have their place.
  checkpoint.edited(probes, {})[Symbol.iterator]().next();
}

/** The weights that differ between the file and the student, and the batches that its running statistics have seen. */
function trainedEdits(
  { graph, checkpoint }: OpenCheckpoint,
  before: OnnxFile,
  trained: Trained,
): TensorEdit[] {
  const after = applied(trained);
  const edits: TensorEdit[] = [];
  for (const [name, tensor] of graph.weights) {
    const [was, is] = [before, after].map(({ model, reader }) => {
      const stored = model.graph.initializers.get(name);
      if (stored === undefined) throw new TypeError(`the student has no '${name}'`);
      return reader.values(stored);
    });
    if (is!.some((value, i) => value !== was![i])) edits.push({ tensor, start: 0, values: is! });
  }
  const changed = new Set(edits.map(({ tensor }) => tensor.name));
  for (const tensor of checkpoint.tensors) {
    const [, module] = /^(.*\.)num_batches_tracked$/.exec(tensor.name) ?? [];
    if (module === undefined || tensor.dtype !== 'int64' || !changed.has(`${module}running_mean`)) continue;
    const values = Float64Array.from(tensor.values(), (count) => count + trained.steps);
    edits.push({ tensor, start: 0, values });
  }
  return edits;
}

/** The student in memory, as the ONNX file that it would be. */
function applied({ base, model }: Trained): OnnxFile {
  const pieces: Uint8Array[] = [];
  writeEdited(base.source, replacementEdits(base, model), (piece) => pieces.push(piece));
  return openOnnx(new MemorySource(base.source.path, new Uint8Array(Buffer.concat(pieces))));
}
