import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { CheckpointError, type DeclaredConvolution } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import type { Hdf5Description, Hdf5Group } from '../hdf5/messages';
import { hdf5Start, type Hdf5File } from '../hdf5/open';
import type { ByteSource } from '../source';
import type { NoGraph, WeightedGraph } from '../weighted-graph';
import { declaredConvolutions, unclaimedKernels } from './declare';
import { ConfigError, kerasGraph, type KerasGraph } from './graph';
import { guessedConvolutions } from './guess';
import { hdf5Findings } from './hdf5-findings';
import { tensorOf } from './hdf5-tensors';
import { inspectConfig } from './inspect-config';
import { nesting } from './json';
import { kerasNetwork } from './network';
import { undescribedLayers } from './undescribed';
import { legacyRoot, legacyWeights, namesIn, numberedWeights, type TensorAt } from './weights-file';

const MAX_NESTING = 200;
/** State of the training, not of the network. */
const OPTIMIZER = /^\/(optimizer_weights|optimizer|_optimizer)(\/|$)/;

/** What a weights file and a configuration make together. */
export interface Content {
  readonly tensors: readonly CheckpointTensor[];
  readonly convolutions: readonly DeclaredConvolution[];
  readonly graph: () => WeightedGraph | NoGraph;
  readonly findings: Finding[];
  /** True where the file holds a configuration. */
  readonly described: boolean;
}

/** Where weights and configuration were found. */
export interface Parts {
  /** The file that was opened. */
  readonly source: ByteSource;
  /** The HDF5 file in it, or the same. */
  readonly inner: ByteSource;
  readonly file: Hdf5File;
  /** Offset of the HDF5 file in the source; null where it is compressed there. */
  readonly base: number | null;
  readonly config: string | null;
  /** Of Keras. */
  readonly version: string | null;
}

/**
 * Reads what the parts hold. `findings` is added to.
 * @throws CheckpointError where the configuration is no JSON.
 */
export function readContent(parts: Parts, findings: Finding[]): Content {
  const { source, inner, file, base, config, version } = parts;
  const { description } = file;
  const before = hdf5Start(inner) ?? 0;
  if (before > 0) {
    findings.push({
      id: 'hdf5-user-block',
      level: 'warning',
      message: `${before} bytes stand before the HDF5 file, which Keras never writes: readers that look at the beginning may see another file.`,
    });
  }
  findings.push(...hdf5Findings(description));
  const root = legacyRoot(description);
  const prefix = root && root.path !== '/' ? `${root.path}/` : '/';
  const byPath = new Map<string, CheckpointTensor>();
  for (const dataset of description.datasets) {
    if (OPTIMIZER.test(dataset.path)) continue;
    const name = dataset.path.startsWith(prefix) ? dataset.path.slice(prefix.length) : dataset.path.slice(1);
    byPath.set(dataset.path, tensorOf(file, inner, base, dataset, name));
  }
  const tensorAt: TensorAt = (path) => byPath.get(path);
  const weights = root ? legacyWeights(description, root, tensorAt) : numberedWeights(description, tensorAt);
  const described = config === null ? null : parseConfig(source.path, config, findings);
  if (described !== null) findings.push(...inspectConfig(described));
  let convolutions: readonly DeclaredConvolution[] | null = null;
  let network = (): WeightedGraph | NoGraph => ({ problem: 'the file describes no network' });
  try {
    if (described !== null) {
      const graph = kerasGraph(described);
      convolutions = declaredConvolutions(graph, weights.find);
      network = () => kerasNetwork(graph, weights.find, version);
      if (root) findings.push(...orderFindings(graph, description, root));
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = `Its configuration ${visible(error.message)}; convolutions were found by the names of their weights.`;
    findings.push({
      id: `keras-config-${error.reason}`,
      level: error.reason === 'malformed' ? 'warning' : 'error',
      message,
    });
  }
  convolutions ??= guessedConvolutions(...undescribedLayers(description, tensorAt));
  convolutions = [...convolutions, ...unclaimedKernels(byPath.values(), convolutions)];
  if (weights.oddities.size > 0) {
    findings.push({
      id: 'keras-weight-order',
      level: 'error',
      message: `The weights of ${listShort([...weights.oddities].map((name) => `'${visible(name, 100)}'`))} are listed in another order than their names say. Keras goes by order, and so did Scour.`,
    });
  }
  const views = new Map(
    convolutions.flatMap(({ weight }) => (weight ? [[weight.name, weight] as const] : [])),
  );
  return {
    // Kernels are listed as they were viewed: an edit of a view is an edit of the tensor.
    tensors: [...byPath.values()].map((tensor) => views.get(tensor.name) ?? tensor),
    convolutions,
    graph: network,
    findings,
    described: described !== null,
  };
}

/** Keras 1 and 2 give the n-th group with weights to the n-th layer with weights, whatever their names. */
function orderFindings(graph: KerasGraph, { groups }: Hdf5Description, root: Hdf5Group): Finding[] {
  const attributes = new Map(groups.map((group) => [group.path, group.attributes]));
  const prefix = root.path === '/' ? '/' : `${root.path}/`;
  const stored = namesIn(root.attributes, 'layer_names').filter(
    (name) => namesIn(attributes.get(`${prefix}${name}`) ?? {}, 'weight_names').length > 0,
  );
  const known = new Set(stored);
  const layers = [...new Set(graph.layers.map(({ path }) => path[0] ?? ''))].filter((name) =>
    known.has(name),
  );
  if (stored.every((name, i) => name === layers[i])) return [];
  return [
    {
      id: 'keras-layer-order',
      level: 'error',
      message:
        'The file lists its layers in another order, or others, than its configuration. Keras gives weights to layers by order, Scour by name: the network that Keras loads may be another one.',
    },
  ];
}

function parseConfig(file: string, text: string, findings: Finding[]): unknown {
  try {
    if (nesting(text) > MAX_NESTING) throw new RangeError(`it nests deeper than ${MAX_NESTING}`);
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(
      'malformed',
      file,
      `${file} has a model configuration that is no JSON, or nests deeper than ${MAX_NESTING} levels.`,
      findings,
      { cause },
    );
  }
}
