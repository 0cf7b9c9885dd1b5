import type { Random } from '../../data/random';
import { isFloat } from '../../model/dtype';
import { nodeLabel } from '../../model/onnx/attributes';
import { constantChain } from '../../model/onnx/constant';
import type { OnnxNode } from '../../model/onnx/graph';
import type { OnnxFile } from '../../model/onnx/open';
import { visible } from '../../protocol/wording';
import { TrainingError } from '../../training/errors';
import { NORMALISATIONS } from '../../training/norms/operators';
import type { Trainer } from '../../training/trainer';
import { reinitialise } from '../bcu/reinitialise';
import { parameterOf, weightLayers } from '../bcu/weight-layers';

/** Standard deviation of parameters of no known role: embeddings and tokens of transformers (Dosovitskiy et al. 2021). */
const EMBEDDING_DEVIATION = 0.02;
/** He et al. 2015, §2.1. */
const PRELU_SLOPE = 0.25;

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Gives a network new weights, so that nothing of what it had learnt is left: those of convolutions and linear layers as
 * BCU draws fresh ones (METHODS.md §2), biases of convolutions 0; scale 1 and shift 0 of every normalisation, running
 * means 0 and variances 1; factors 1, slopes of PReLU 0.25, and what is neither N(0, 0.02²).
 *
 * Throws TrainingError `unsupported-model` where a convolution or linear layer cannot be trained, and would keep what it
 * had learnt.
 */
export async function drawFreshWeights(trainer: Trainer, file: OnnxFile, random: Random): Promise<void> {
  const { parameters, batchNorms } = trainer;
  const layers = weightLayers(file);
  const kept = layers.find(({ weight }) => !parameters.has(weight))?.name ?? quantisedLayer(file);
  if (layers.length === 0 || kept !== undefined) {
    throw new TrainingError(
      'unsupported-model',
      kept === undefined
        ? 'This architecture has no convolution or linear layer whose weights can be trained: they may be quantised.'
        : `The weights of '${visible(kept, 80)}' cannot be trained, so they cannot be made fresh. Name an architecture that is not quantised.`,
    );
  }
  await reinitialise(trainer, layers, new Map(layers.map(({ name }) => [name, 1])), random);
  const drawn = new Set(layers.flatMap(({ weight, bias }) => [weight, bias]));
  const uses = usesByParameter(file);
  const stream = random.fork();
  for (const name of parameters.keys()) {
    if (drawn.has(name)) continue;
    const values = await trainer.valuesOf(name);
    const fill = startOf(uses.get(name), values.length, parameters.get(name)!);
    trainer.setValues(
      name,
      fill === null ? values.map(() => stream.normal() * EMBEDDING_DEVIATION) : values.fill(fill),
    );
  }
  for (const { scale, shift, mean, variance } of batchNorms) {
    for (const [name, value] of [
      [scale, 1],
      [shift, 0],
      [mean, 0],
      [variance, 1],
    ] as const)
      if (name !== null) trainer.setValues(name, (await trainer.valuesOf(name)).fill(value));
  }
}

/** A layer whose weights are stored quantised, which training does not reach. */
function quantisedLayer(file: OnnxFile): string | undefined {
  const layer = file.model.graph.nodes.find(
    ({ opType, inputs }) =>
      WEIGHTED.has(opType) &&
      inputs.slice(0, 2).some((value) => {
        const chain = value === '' ? '' : constantChain(file.index, value);
        return typeof chain !== 'string' && !isFloat(chain.tensor.dtype);
      }),
  );
  return layer && nodeLabel(layer);
}

interface Use {
  readonly node: OnnxNode;
  readonly input: number;
}

/** What a parameter that is no weight starts as; null where it is drawn. */
function startOf(use: Use | undefined, elements: number, dims: readonly number[]): number | null {
  if (use === undefined) return null;
  const { opType } = use.node;
  if (NORMALISATIONS.has(opType)) return use.input === 1 ? 1 : 0;
  if (opType === 'Conv' || opType === 'ConvTranspose') return 0;
  if (opType === 'PRelu') return PRELU_SLOPE;
  if (opType === 'Mul' || opType === 'Div') return 1;
  // A bias varies along one axis; an embedding along two.
  const isBias = dims.filter((dim) => dim > 1).length <= 1;
  return (opType === 'Add' || opType === 'Sub') && isBias && elements > 0 ? 0 : null;
}

function usesByParameter(file: OnnxFile): Map<string, Use> {
  const uses = new Map<string, Use>();
  for (const node of file.model.graph.nodes) {
    node.inputs.forEach((value, input) => {
      if (value === '') return;
      const chain = constantChain(file.index, value);
      if (typeof chain === 'string') return;
      const name = parameterOf(chain);
      if (node.opType !== 'Identity' && !uses.has(name)) uses.set(name, { node, input });
    });
  }
  return uses;
}
