import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint, type DeclaredConvolution } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import type { NoGraph, WeightedGraph } from '../weighted-graph';
import { byteEdits, editedInPlace } from '../edits';
import type { Hdf5Description, Hdf5Group } from '../hdf5/messages';
import { Hdf5File, hdf5Start } from '../hdf5/open';
import { provenanceIn, provenanceName, stringRecord } from '../pytorch/provenance';
import type { ByteSource } from '../source';
import { ZipArchive, type ZipMember } from '../zip/archive';
import { ArchiveChecksums } from '../zip/checksums';
import { editedArchive } from '../zip/edit';
import { METHOD } from '../zip/records';
import { ZipError } from '../zip/zip-error';
import { declaredConvolutions, unclaimedKernels } from './declare';
import { ConfigError, kerasGraph, type KerasGraph } from './graph';
import { kerasNetwork } from './network';
import { guessedConvolutions, type UndescribedLayer } from './guess';
import { hdf5Findings } from './hdf5-findings';
import { tensorOf } from './hdf5-tensors';
import { inspectConfig } from './inspect-config';
import { nesting } from './json';
import { legacyRoot, legacyWeights, namesIn, numberedWeights, type TensorAt } from './weights-file';

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';
const METADATA = 'metadata.json';
const MAX_METADATA_BYTES = 64 * 1024;
const MAX_CONFIG_BYTES = 64 * 1024 * 1024;
const MAX_NESTING = 200;
/** State of the training, not of the network. */
const OPTIMIZER = /^\/(optimizer_weights|optimizer|_optimizer)(\/|$)/;

/** True where `openKeras` should be asked: HDF5 files, zip archives with the members of a `.keras` file, and whatever is called so. */
export function matchKeras(source: ByteSource): boolean {
  if (hdf5Start(source) !== null || /\.keras$/i.test(source.path)) return true;
  const head = source.read(0, Math.min(4, source.size));
  if (!(head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4)) return false;
  try {
    const archive = new ZipArchive(source);
    return archive.member(CONFIG) !== undefined && archive.member(WEIGHTS) !== undefined;
  } catch (error) {
    if (error instanceof ZipError) return false;
    throw error;
  }
}

/**
 * Opens a Keras file without running anything in it: `.keras` archives of Keras 3 (and TensorFlow 2.12 on), HDF5 files of
 * `Model.save` of Keras 1 and 2, and weights alone of either.
 * @throws ModelError, or CheckpointError with the findings so far.
 */
export function openKeras(source: ByteSource): Checkpoint {
  return hdf5Start(source) === null ? openArchive(source) : openHdf5(source);
}

function openHdf5(source: ByteSource): Checkpoint {
  const file = new Hdf5File(source);
  const { description } = file;
  const root = legacyRoot(description);
  const attributes = description.groups.find(({ path }) => path === '/')?.attributes ?? {};
  const text = attributes['model_config'];
  const written = attributes['keras_version'] ?? root?.attributes['keras_version'];
  const version = typeof written === 'string' ? written : null;
  const content = read(
    source,
    source,
    file,
    0,
    { config: typeof text === 'string' ? text : null, version },
    [],
  );
  return {
    format: 'keras',
    variant: `Keras HDF5 ${content.described ? 'model' : 'weights'}${version === null ? '' : ` (Keras ${visible(version, 20)})`}`,
    tensors: content.tensors,
    convolutions: content.convolutions,
    graph: content.graph,
    findings: content.findings,
    provenance: {},
    edited: (edits) => editedInPlace(source, edits, content.tensors),
    close: () => file.close(),
  };
}

function openArchive(source: ByteSource): Checkpoint {
  const archive = new ZipArchive(source);
  const findings = [...archive.findings];
  const weights = archive.member(WEIGHTS);
  const config = archive.member(CONFIG);
  if (!weights || !config) {
    throw new CheckpointError(
      'unsupported-format',
      source.path,
      `${source.path} is a zip archive without ${WEIGHTS} and ${CONFIG}, so no file of Keras.`,
      findings,
    );
  }
  const inner = archive.open(weights);
  const file = new Hdf5File(inner);
  const base = weights.method === METHOD.stored ? weights.dataAt : null;
  const described = { config: textOf(archive, config), version: versionOf(archive) };
  const content = read(source, inner, file, base, described, findings);
  const provenance = provenanceIn(archive, '');
  if (Object.keys(provenance).length > 0) {
    findings.push({
      id: 'made-by-scour',
      level: 'warning',
      message:
        'Scour made this file from another model (see its provenance). CLP is not idempotent: pruning a pruned model takes more channels.',
    });
  }
  return {
    format: 'keras',
    variant: 'Keras archive',
    tensors: content.tensors,
    convolutions: content.convolutions,
    graph: content.graph,
    findings: content.findings,
    provenance,
    checksums: () => new ArchiveChecksums(archive),
    edited: (edits, made) =>
      editedArchive(
        archive,
        byteEdits(source.path, edits, content.tensors),
        Object.keys(made).length === 0
          ? null
          : { name: provenanceName(archive, ''), bytes: Buffer.from(JSON.stringify(made, null, 2)) },
      ),
    close: () => file.close(),
  };
}

interface Content {
  readonly tensors: readonly CheckpointTensor[];
  readonly convolutions: readonly DeclaredConvolution[];
  readonly graph: () => WeightedGraph | NoGraph;
  readonly findings: Finding[];
  /** True where the file holds a configuration. */
  readonly described: boolean;
}

/** `findings` is added to. */
function read(
  source: ByteSource,
  inner: ByteSource,
  file: Hdf5File,
  base: number | null,
  { config, version }: { readonly config: string | null; readonly version: string | null },
  findings: Finding[],
): Content {
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
  convolutions ??= guessedConvolutions(...undescribed(description, tensorAt));
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

/** Of Keras, as an archive says it in its metadata; null where it does not. */
function versionOf(archive: ZipArchive): string | null {
  const member = archive.member(METADATA);
  if (member?.method !== METHOD.stored || member.size > MAX_METADATA_BYTES) return null;
  const text = Buffer.from(archive.open(member).read(0, member.size)).toString('utf8');
  return stringRecord(text)['keras_version'] ?? null;
}

function textOf(archive: ZipArchive, member: ZipMember): string {
  if (member.size > MAX_CONFIG_BYTES) {
    throw new ModelError(
      'too-large',
      archive.source.path,
      `${archive.source.path} has a configuration of ${member.size} bytes; Scour reads up to ${MAX_CONFIG_BYTES}.`,
    );
  }
  return Buffer.from(archive.open(member).read(0, member.size)).toString('utf8');
}

/** The layers of a file without a configuration, and whether their order is that in which they were made. */
function undescribed(description: Hdf5Description, tensorAt: TensorAt): [UndescribedLayer[], boolean] {
  const root = legacyRoot(description);
  if (root) {
    const layers = namesIn(root.attributes, 'layer_names').flatMap((name) =>
      legacyLayers(description, root.path, name, tensorAt),
    );
    return [layers, true];
  }
  const stores = description.groups.filter(({ path }) => path.endsWith('/vars'));
  return [stores.map(({ path }) => numberedLayer(path, tensorAt)), false];
}

/** One layer, or the layers of a nested model, whose weights the model's list holds. */
function legacyLayers(
  description: Hdf5Description,
  root: string,
  name: string,
  tensorAt: TensorAt,
): UndescribedLayer[] {
  const path = `${root === '/' ? '' : root}/${name}`;
  const group = description.groups.find((each) => each.path === path);
  const layers = new Map<string, Map<string, CheckpointTensor>>();
  for (const weight of namesIn(group?.attributes ?? {}, 'weight_names')) {
    const tensor = tensorAt(`${path}/${weight}`);
    const parts = weight.replace(/:\d+$/, '').split('/');
    const own = parts.length > 1 ? parts.slice(0, -1).join('/') : name;
    if (tensor)
      layers.set(own, (layers.get(own) ?? new Map<string, CheckpointTensor>()).set(parts.at(-1)!, tensor));
  }
  return [...layers].map(([own, weights]) => ({ name: layers.size > 1 ? `${name}/${own}` : name, weights }));
}

/** Roles of numbered weights, from the class that the group is named after. */
function numberedLayer(path: string, tensorAt: TensorAt): UndescribedLayer {
  const name = path.slice(1, -'/vars'.length);
  const tensors: CheckpointTensor[] = [];
  for (let tensor = tensorAt(`${path}/0`); tensor; tensor = tensorAt(`${path}/${tensors.length}`))
    tensors.push(tensor);
  const leaf = name.split('/').at(-1)!;
  const roles = leaf.startsWith('separable_')
    ? ['depthwise_kernel', 'pointwise_kernel', 'bias']
    : leaf.startsWith('depthwise_')
      ? ['depthwise_kernel', 'bias']
      : /^conv\d/.test(leaf)
        ? ['kernel', 'bias']
        : [];
  return { name, weights: new Map(tensors.slice(0, roles.length).map((tensor, i) => [roles[i]!, tensor])) };
}
