import * as v from 'valibot';
import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint, type DeclaredConvolution } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import {
  declaredConvolutions,
  unclaimedKernels,
  type LayerWeights,
  type WeightFinder,
} from '../keras/declare';
import { ConfigError, kerasGraph } from '../keras/graph';
import { inspectConfig } from '../keras/inspect-config';
import { at, nesting, textAt } from '../keras/json';
import { kerasNetwork } from '../keras/network';
import type { NoGraph, WeightedGraph } from '../weighted-graph';
import { ExternalFiles, escapeReason } from '../onnx/external';
import type { ByteSource } from '../source';
import { graphConvolutions } from './graph-model';
import { ManifestSchema, manifestTensors } from './manifest';

/** Topologies of large graph models have a few megabytes. */
const MAX_JSON = 64 * 1024 * 1024;
const MAX_NESTING = 200;

/** True for a `model.json` of TensorFlow.js. */
export function matchTfjs(source: ByteSource): boolean {
  if (!/\.json$/i.test(source.path) || source.size === 0 || source.size > MAX_JSON) return false;
  const text = Buffer.from(source.read(0, source.size)).toString('latin1');
  return text.includes('"weightsManifest"') && /^\s*(\u00ef\u00bb\u00bf)?\{/.test(text);
}

/**
 * Opens a layers or graph model of TensorFlow.js: `model.json` and the files of weights beside it.
 * @throws ModelError, or CheckpointError with the findings so far, where it cannot be read; a path that leaves the
 * folder is a finding and is not followed.
 */
export function openTfjs(source: ByteSource): Checkpoint {
  const findings: Finding[] = [];
  const model = readModel(source, findings);
  const manifest = v.safeParse(ManifestSchema, at(model, 'weightsManifest'));
  if (!manifest.success) {
    throw new CheckpointError(
      'malformed',
      source.path,
      `${source.path} has no proper weightsManifest: groups of paths and weights with name, shape and dtype.`,
      findings,
    );
  }
  const files = new ExternalFiles(source.path);
  try {
    const tensors = manifestTensors(source.path, manifest.output, (name) =>
      partOf(source.path, files, name, findings),
    );
    const topology = at(model, 'modelTopology');
    findings.push(...inspectConfig(topology));
    const isGraph = Array.isArray(at(topology, 'node'));
    const declared = isGraph
      ? graphConvolutions(topology, new Map(tensors.map((tensor) => [tensor.name, tensor])))
      : layerConvolutions(topology, tensors, findings);
    const converter = textAt(model, 'convertedBy') ?? textAt(model, 'generatedBy');
    return {
      format: 'tfjs',
      variant: `TensorFlow.js ${isGraph ? 'graph' : 'layers'} model${converter === null ? '' : ` (${visible(converter, 60)})`}`,
      tensors,
      graph: () => layersNetwork(topology, tensors),
      convolutions: [...declared, ...unclaimedKernels(tensors, declared)],
      parts: [...files.opened().values()],
      findings,
      provenance: {},
      edited: () => {
        throw new ModelError(
          'unsupported-type',
          source.path,
          `${source.path} keeps its weights in other files; Scour writes pruned models of one file only. Convert the Keras model that it was made from, or export it to ONNX, and prune that.`,
        );
      },
      close: () => files.close(),
    };
  } catch (error) {
    files.close();
    throw error;
  }
}

function readModel(source: ByteSource, findings: readonly Finding[]): unknown {
  try {
    if (source.size > MAX_JSON) throw new RangeError('it is too large');
    const text = Buffer.from(source.read(0, source.size))
      .toString('utf8')
      .replace(/^\uFEFF/, '');
    if (nesting(text) > MAX_NESTING) throw new RangeError(`it nests deeper than ${MAX_NESTING}`);
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(
      'malformed',
      source.path,
      `${source.path} is no JSON that can be read (or nests deeper than ${MAX_NESTING} levels).`,
      findings,
      { cause },
    );
  }
}

function partOf(model: string, files: ExternalFiles, name: string, findings: Finding[]): ByteSource | null {
  const escape = escapeReason(model, name);
  if (escape === null) return files.file(name);
  findings.push({
    id: 'external-data-escape',
    level: 'error',
    message: `Weights at '${visible(name, 200)}': the path ${escape}; it was not read.`,
  });
  return null;
}

/** Of a layers model; a graph model's operators are not translated. */
function layersNetwork(topology: unknown, tensors: readonly CheckpointTensor[]): WeightedGraph | NoGraph {
  try {
    const graph = kerasGraph(at(topology, 'model_config') ?? topology);
    return kerasNetwork(graph, byName(tensors), textAt(topology, 'keras_version'));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: 'its topology is no list of Keras layers' };
  }
}

function layerConvolutions(
  topology: unknown,
  tensors: readonly CheckpointTensor[],
  findings: Finding[],
): readonly DeclaredConvolution[] {
  const description = at(topology, 'model_config') ?? topology;
  try {
    return declaredConvolutions(kerasGraph(description), byName(tensors));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    findings.push({
      id: `keras-config-${error.reason}`,
      level: 'error',
      message: `Its topology ${visible(error.message)}; no convolution could be told from it.`,
    });
    return [];
  }
}

/** TensorFlow.js loads weights by name: `conv2d/kernel`, with the names of nested models or scopes before it. */
function byName(tensors: readonly CheckpointTensor[]): WeightFinder {
  const byEnd = new Map<string, CheckpointTensor[]>();
  for (const tensor of tensors) {
    const end = tensor.name.split('/').slice(-2).join('/');
    byEnd.set(end, [...(byEnd.get(end) ?? []), tensor]);
  }
  return (layer, roles): LayerWeights => {
    const found = new Map<string, CheckpointTensor>();
    for (const role of roles) {
      const candidates = byEnd.get(`${layer.path.at(-1) ?? ''}/${role}`) ?? [];
      if (candidates.length !== 1) {
        return {
          problem: `The manifest holds ${candidates.length === 0 ? 'no weight' : 'several weights'} '${role}' of it.`,
        };
      }
      found.set(role, candidates[0]!);
    }
    return found;
  };
}
