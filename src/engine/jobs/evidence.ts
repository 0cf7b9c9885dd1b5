import { rmSync } from 'node:fs';
import path from 'node:path';
import { inputDims, toTensor } from '../../data/tensor';
import { onnxLayers, type OnnxLayer } from '../../defenses/clp/onnx-layers';
import { scoreLayers } from '../../defenses/clp/score';
import { LEAST_POINTS, embed } from '../../evaluation/embed';
import { batchSizeFor } from '../../evaluation/measure';
import type { PixelSet, Pairs } from '../../evaluation/pairs';
import { probeOf, type Probe, type ProbePoint } from '../../evaluation/probe';
import type { TestedModel } from '../../evaluation/tested-model';
import { openOnnx } from '../../model/onnx/open';
import { FileSource } from '../../model/source';
import { isScourError, CancelledError } from '../../protocol/errors';
import type { Embedding, Tac } from '../../protocol/evaluation';
import type { Layer } from '../../protocol/scan';
import { DEFAULT_U } from '../../protocol/threshold';
import { visible } from '../../protocol/wording';
import { NO_PREDICTION, predictions } from '../../runtime/classifier';
import { Network } from '../../runtime/network';
import type { SessionOptions } from '../../runtime/session';
import type { JobContext } from '../job-context';
import { writeOnnxCopy } from '../subjects/onnx-subject';
import { temporaryFolder } from '../temporary-folder';

export interface EvidenceRequest {
  readonly model: TestedModel;
  /** One an attack. */
  readonly pairs: readonly { readonly attack: string; readonly pairs: Pairs }[];
  /** Images that TAC is measured on, and of each kind in the embedding; 0 = none. */
  readonly tacImages: number;
  readonly embeddingImages: number;
  readonly seed: number;
  readonly run: SessionOptions;
}

export interface Evidence {
  readonly tac: readonly Tac[];
  readonly embeddings: readonly Embedding[];
  readonly warnings: readonly string[];
}

/**
 * What a trigger does within one model: TAC beside UCLC in every scored convolution, and the embedding of its
 * penultimate features. A model whose inside cannot be looked into gives none and a warning.
 * Throws ModelError, DataError, RuntimeError or CancelledError.
 */
export async function gatherEvidence(request: EvidenceRequest, context: JobContext): Promise<Evidence> {
  const { model, run } = request;
  const folder = temporaryFolder('evidence');
  const file = openOnnx(new FileSource(model.onnx));
  try {
    const layers = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon: false });
    const scoring = context.within(0, 0.2);
    const scores = await scoreLayers(
      layers.map(({ layer }) => layer),
      DEFAULT_U,
      (fraction, layer) => scoring.tick(`Scoring ${visible(layer, 80)}`, fraction),
    );
    const probe = probeOf(file, pointsOf(layers), model.classifier.outputName);
    if (probe === null) return nothing(`${model.path}: its graph cannot be extended to look inside.`);
    const probed = path.join(folder, 'probe.onnx');
    await writeOnnxCopy(file, probe.edits, probed);
    let network: Network;
    try {
      network = await Network.open(probed, { ...run, device: 'cpu' });
    } catch (error) {
      if (!isScourError(error)) throw error;
      return nothing(`${model.path}: TAC and embedding are not measured: ${error.message}`);
    }
    try {
      return await look(new Probed(network, model, probe), request, scores.layers, context.within(0.2, 1));
    } finally {
      await network.release();
    }
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function nothing(warning: string): Evidence {
  return { tac: [], embeddings: [], warnings: [warning] };
}

/** The output of every convolution that is scored, after its norm. Quantised ones give integers, which are not averaged. */
function pointsOf(layers: readonly OnnxLayer[]): ProbePoint[] {
  return layers.flatMap(({ layer, target }) => {
    if (target === null || layer.status === 'skipped') return [];
    const { pairing, operator } = target;
    const { node } = pairing ?? operator;
    const isFloat = pairing !== null || ['Conv', 'ConvTranspose'].includes(node.opType);
    const value = node.outputs[0] ?? '';
    return isFloat && value !== '' ? [{ name: layer.name, value }] : [];
  });
}

async function look(
  probed: Probed,
  { pairs: all, tacImages, embeddingImages, seed }: EvidenceRequest,
  layers: readonly Layer[],
  context: JobContext,
): Promise<Evidence> {
  const tac: Tac[] = [];
  const embeddings: Embedding[] = [];
  const warnings: string[] = [];
  for (const [i, { attack, pairs }] of all.entries()) {
    const part = context.within(i / all.length, (i + 1) / all.length);
    const [clean, triggered] = await probed.lookAt(
      pairs,
      Math.max(tacImages, embeddingImages),
      part.within(0, 0.6),
    );
    if (tacImages > 0)
      tac.push({ attack, ...changes(clean, triggered, tacImages, layers), paired: pairs.paired });
    if (embeddingImages === 0) continue;
    try {
      embeddings.push({
        attack,
        ...(await embedding(clean, triggered, embeddingImages, seed, part.within(0.6, 1))),
      });
    } catch (error) {
      if (error instanceof CancelledError || !(error instanceof RangeError)) throw error;
      warnings.push(`${attack}: no embedding: ${error.message}`);
    }
  }
  return { tac, embeddings, warnings };
}

/** What one set of images does within the model. */
interface Seen {
  readonly labels: readonly number[];
  readonly predicted: Int32Array;
  /** Spatial means of each layer, by its name: images × channels. */
  readonly pooled: ReadonlyMap<string, Float32Array>;
  /** One vector an image; null where the model has none to show. */
  readonly features: readonly Float32Array[] | null;
}

/** A copy of the model whose inside can be seen. */
class Probed {
  private readonly network: Network;
  private readonly model: TestedModel;
  private readonly probe: Probe;

  constructor(network: Network, model: TestedModel, probe: Probe) {
    this.network = network;
    this.model = model;
    this.probe = probe;
  }

  async lookAt({ clean, triggered }: Pairs, limit: number, context: JobContext): Promise<[Seen, Seen]> {
    return [
      await this.see(clean, limit, context.within(0, 0.5)),
      await this.see(triggered, limit, context.within(0.5, 1)),
    ];
  }

  private async see({ pixels, samples }: PixelSet, limit: number, context: JobContext): Promise<Seen> {
    const { preprocessing, classifier } = this.model;
    const { pooled, features } = this.probe;
    const count = Math.min(limit, samples.length);
    const area = preprocessing.width * preprocessing.height * 3;
    const names = [
      classifier.outputName,
      ...pooled.map(({ output }) => output),
      ...(features === null ? [] : [features]),
    ];
    const rows = new Map<string, Float32Array[]>(names.map((name) => [name, []]));
    const step = batchSizeFor(preprocessing);
    for (let start = 0; start < count; start += step) {
      await context.tick(`Looking into ${path.basename(this.model.path)}`, start / count);
      const here = Math.min(step, count - start);
      const input = toTensor(pixels.subarray(start * area, (start + here) * area), here, preprocessing);
      const outputs = await this.network.run(input, here, inputDims(preprocessing), names);
      for (const [name, { data }] of outputs) rows.get(name)!.push(Float32Array.from(data));
    }
    const whole = (name: string): Float32Array => concat(rows.get(name)!);
    const scores = whole(classifier.outputName);
    const vectors = features === null ? null : whole(features);
    return {
      labels: samples.slice(0, count).map(({ label }) => label!),
      predicted: predictions(scores, scores.length / count),
      pooled: new Map(pooled.map(({ name, output }) => [name, whole(output)])),
      features: vectors === null ? null : split(vectors, count),
    };
  }
}

/** Mean over images (and, within each, over places) with the trigger minus without, by channel. */
function changes(
  clean: Seen,
  triggered: Seen,
  limit: number,
  layers: readonly Layer[],
): Pick<Tac, 'images' | 'layers'> {
  const images = Math.min(limit, clean.labels.length, triggered.labels.length);
  const known = layers.filter(({ name, status }) => status === 'scored' && clean.pooled.has(name));
  return {
    images,
    layers: known.map(({ name, uclc, mean, std, channels }) => {
      const before = channelMeans(clean.pooled.get(name)!, images, channels);
      const after = channelMeans(triggered.pooled.get(name)!, images, channels);
      const tac = Array.from(after, (value, k) => finite(value - before[k]!));
      return { name, uclc, tac, mean, std };
    }),
  };
}

function channelMeans(pooled: Float32Array, images: number, channels: number): Float64Array {
  const means = new Float64Array(channels);
  for (let i = 0; i < images * channels; i++)
    means[i % channels] = means[i % channels]! + pooled[i]! / images;
  return means;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The longest feature vector that is embedded. */
const MAX_FEATURES = 65_536;

async function embedding(
  clean: Seen,
  triggered: Seen,
  limit: number,
  seed: number,
  context: JobContext,
): Promise<Omit<Embedding, 'attack'>> {
  if (clean.features === null || triggered.features === null)
    throw new RangeError('the model does not end in a linear layer whose input could be shown.');
  const points = [clean, triggered].flatMap((seen, which) =>
    seen.features!.slice(0, limit).map((row, i) => ({
      row,
      triggered: which === 1,
      label: seen.labels[i]!,
      predicted: seen.predicted[i] === NO_PREDICTION ? null : seen.predicted[i]!,
    })),
  );
  const features = points[0]?.row.length ?? 0;
  if (points.length < LEAST_POINTS) throw new RangeError(`${points.length} images are too few.`);
  if (features > MAX_FEATURES) throw new RangeError(`${features} features are too many.`);
  if (points.some(({ row }) => !row.every((value) => Number.isFinite(value))))
    throw new RangeError('some features are not finite.');
  const places = await embed(
    points.map(({ row }) => row),
    seed,
    (fraction) => context.tick('Embedding features (UMAP)', fraction),
  );
  return {
    method: 'umap',
    features,
    points: points.map(({ triggered: isTriggered, label, predicted }, i) => ({
      ...places[i]!,
      triggered: isTriggered,
      label,
      predicted,
    })),
  };
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
}

function split(values: Float32Array, count: number): Float32Array[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size));
}
