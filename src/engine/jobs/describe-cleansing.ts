import { presetsOf, type Preset } from '../../defenses/bcu/presets';
import { ratioList } from '../../defenses/bcu/ratios';
import { stagesOf, type Stage } from '../../defenses/bcu/stages';
import { unstudied } from '../../defenses/bcu/studied';
import { onnxLayers } from '../../defenses/clp/onnx-layers';
import { scoreLayers } from '../../defenses/clp/score';
import type { OnnxFile } from '../../model/onnx/open';
import type { OnnxNode } from '../../model/onnx/graph';
import type { CleansingDescription } from '../../protocol/cleansing';
import type { Layer } from '../../protocol/scan';
import { DEFAULT_U } from '../../protocol/threshold';
import { visible } from '../../protocol/wording';
import { TrainingError } from '../../training/errors';
import type { JobContext } from '../job-context';
import { openTrainable } from '../subjects/trainable';

/**
 * What of a model BCU can re-draw, with the scan's statistics beside each layer, and the presets. Runs nothing. Throws
 * ModelError, RuntimeError where the file holds no graph, TrainingError `unsupported-model`, or CancelledError.
 */
export async function describeCleansing(path: string, context: JobContext): Promise<CleansingDescription> {
  const model = openTrainable(path, 'to cleanse it');
  const { file } = model;
  try {
    const { key } = await model.hash(context.within(0, 0.2));
    const stages = stagesOf(file);
    if (stages.length === 0)
      throw new TrainingError(
        'unsupported-model',
        'This model has no convolution or linear layer whose weights could be re-drawn: they may be quantised. Cleanse the model it was quantised from.',
      );
    const scores = await scoresOf(file, context.within(0.2, 1));
    const presets = presetsOf(stages, outlierShares(stages, scores));
    const notes = unstudied(file);
    return {
      key,
      stages: stages.map(({ name, layers }) => ({
        name,
        layers: layers.map(({ name: layer, kind, elements, node }) => ({
          name: layer,
          kind,
          weights: elements,
          scan: statisticsOf(scores.get(node)),
        })),
      })),
      presets: presets.map(({ ratios, ...preset }) => ({ ...preset, ratios: ratioList(stages, ratios) })),
      studied: notes.length === 0,
      notes: [...model.notes, ...notes],
    };
  } finally {
    model.close();
  }
}

/** The presets of an open model, with what a scan says of it. Throws ModelError or CancelledError. */
export async function presetsFor(
  file: OnnxFile,
  stages: readonly Stage[],
  context: JobContext,
): Promise<Preset[]> {
  return presetsOf(stages, outlierShares(stages, await scoresOf(file, context)));
}

type Scores = ReadonlyMap<OnnxNode, Layer>;

/** Scores at u = 3, by node. Of a convolution that several batch norms normalise, the first. */
async function scoresOf(file: OnnxFile, context: JobContext): Promise<Scores> {
  const layers = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon: false });
  const { layers: scored } = await scoreLayers(
    layers.map(({ layer }) => layer),
    DEFAULT_U,
    (fraction, layer) => context.tick(`Scoring ${visible(layer, 80)}`, fraction),
  );
  const scores = new Map<OnnxNode, Layer>();
  layers.forEach(({ target }, i) => {
    if (target !== null && !scores.has(target.operator.node)) scores.set(target.operator.node, scored[i]!);
  });
  return scores;
}

function outlierShares(stages: readonly Stage[], scores: Scores): Map<string, number> {
  return new Map(
    stages.flatMap(({ layers }) =>
      layers.flatMap(({ name, node }) => {
        const score = scores.get(node);
        return score?.status === 'scored' ? [[name, score.outliers.length / score.channels] as const] : [];
      }),
    ),
  );
}

function statisticsOf(
  score: Layer | undefined,
): CleansingDescription['stages'][number]['layers'][number]['scan'] {
  if (score?.status !== 'scored') return null;
  const { mean, std, uclc } = score;
  return { mean, std, uclc };
}
