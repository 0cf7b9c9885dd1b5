import type { DType } from '../../model/dtype';
import type { OnnxDim, OnnxNode, OnnxTensor } from '../../model/onnx/graph';

/** Values that training changes, and what they are in the model's file. */
export interface StoredTensor {
  /** The name of the value in the graph; unique. */
  readonly name: string;
  readonly dims: readonly number[];
  /** float32, whatever type the file stores. */
  readonly values: Float32Array;
  /** The type in the file. */
  readonly dtype: DType;
}

/** A batch normalisation whose statistics training may move. */
export interface BatchNorm {
  readonly node: OnnxNode;
  /** Names of its running mean and variance in `ForwardModel.statistics`; each belongs to this node alone. */
  readonly mean: string;
  readonly variance: string;
}

/** A classifier's inference graph, made ready to be differentiated: operator set ≥ 18, weights taken out. */
export interface ForwardModel {
  readonly opsets: ReadonlyMap<string, number>;
  /** In topological order; no Constant, Dropout or Identity-of-a-weight among them. */
  readonly nodes: readonly OnnxNode[];
  readonly input: { readonly name: string; readonly shape: readonly OnnxDim[] };
  /** The logits: the graph's first output. */
  readonly output: string;
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  readonly statistics: ReadonlyMap<string, StoredTensor>;
  readonly batchNorms: readonly BatchNorm[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
}
