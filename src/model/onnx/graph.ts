import type { Values } from '../decode';
import type { DType } from '../dtype';

/** A stretch of the model file: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a tensor's values lie. Values are read on demand by `tensor-data.ts`. */
export type TensorData =
  /** `raw_data`: little-endian bytes in the model file. */
  | { readonly kind: 'raw'; readonly span: Span }
  /** A typed field (`float_data`, `int32_data` …): its pieces in file order; packed pieces hold many values, others one. */
  | { readonly kind: 'typed'; readonly field: number; readonly pieces: readonly TypedPiece[] }
  /** Another file. Not opened, nor its path followed, until `external.ts` has checked it. */
  | {
      readonly kind: 'external';
      readonly location: string;
      readonly offset: number;
      readonly length: number | null;
    }
  /** Values given in memory, for graphs that Scour builds. Little-endian, as raw_data would be. */
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  /** Values that something else reads: a checkpoint, for the graph that its weights belong to. Row-major. */
  | { readonly kind: 'foreign'; readonly slice: (start: number, count: number) => Values }
  | { readonly kind: 'none' };

export interface TypedPiece {
  readonly span: Span;
  readonly packed: boolean;
}

/** A TensorProto: an initializer or a tensor attribute. */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: DType;
  /** Each dimension ≥ 0; their product is bounded when the file is read. */
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** True where both `raw_data` and a typed field are set: readers may disagree on the values. */
  readonly ambiguous: boolean;
  /** The TensorProto message in the file, without its tag and length; null for tensors that Scour made. */
  readonly span: Span | null;
}

export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
  | { readonly type: 'graphs'; readonly value: readonly OnnxGraph[] }
  /** Sparse tensors, type protos, references in functions: kept in the file, not understood here. */
  | { readonly type: 'other' };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' for the standard operators. */
  readonly domain: string;
  /** '' marks an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** The NodeProto message in the file; null for nodes that Scour made. */
  readonly span: Span | null;
}

/** A dimension is a number, a name, or unknown. */
export type OnnxDim = number | string | null;

export interface OnnxValueInfo {
  readonly name: string;
  /** null where it is not a tensor or not said. */
  readonly dtype: DType | null;
  readonly shape: readonly OnnxDim[] | null;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Names that more than one initializer carries: readers may disagree on which one counts. */
  readonly duplicates: ReadonlySet<string>;
  /** Names of sparse initializers, whose values Scour does not read. */
  readonly sparse: readonly string[];
  /** Graph inputs; opset < 9 exporters list initializers here too. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
  /** The GraphProto message in the file; null for graphs that Scour made. */
  readonly span: Span | null;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number;
  readonly docString: string;
  /** Domain → version; '' is the standard domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  readonly metadata: ReadonlyMap<string, string>;
  /** Operators defined by the model itself (ModelProto.functions), as `domain:name`. */
  readonly functions: readonly string[];
}
