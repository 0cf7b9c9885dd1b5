import type { DType } from '../../model/dtype';
import type { OnnxAttribute } from '../../model/onnx/graph';

/** One tensor of a graph under construction. Its shape is a number in every dimension. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Attributes by name. */
export type Attributes = ReadonlyMap<string, OnnxAttribute>;

/** An operator applied to values. `null` marks an optional input or output that is left out. */
export interface GraphNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  /**
   * `composite`: stands for the parts that compute it, to be differentiated as one and never run.
   * `part`: computes a composite, and is not differentiated.
   */
  readonly role?: 'composite' | 'part';
}
