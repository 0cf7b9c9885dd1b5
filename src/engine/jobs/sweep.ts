import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Trigger } from '../../attacks/trigger';
import { KeptBatches } from '../../data/loading/kept-batches';
import { openTested, releaseTested, type TestedModel } from '../../evaluation/tested-model';
import type { SweepParams, SweepPoint, SweepReport } from '../../protocol/evaluation';
import type { Layer } from '../../protocol/scan';
import { outliersAt } from '../../protocol/threshold';
import { VERSION } from '../../protocol/version';
import type { JobContext } from '../job-context';
import { openSubject } from '../subjects/open-subject';
import { requireGraph } from '../subjects/model-graph';
import type { Subject } from '../subjects/subject';
import { withTested } from '../subjects/with-tested';
import { temporaryFolder } from '../temporary-folder';
import {
  createTriggers,
  releaseTriggers,
  reportedAttacks,
  setUp,
  skippedOf,
  type Setup,
} from './evaluation-setup';
import { allPredicted, measureModels, type ModelCounts } from './measure-models';
import { prunedLayers, selectionOf } from './prune';
import { scoreSubject } from './scan';

/** Share of a sweep's time that measuring the model as it is takes, at most: one of several measurements. */
const FIRST = 0.1;

/**
 * ACC, ASR and RA of the model pruned at each u (CLP), and its agreement with the model as it is. Values of u that
 * prune the same channels are measured once. Throws UsageError, ModelError, DataError, RuntimeError or CancelledError.
 */
export async function sweepModel(params: SweepParams, context: JobContext): Promise<SweepReport> {
  await context.tick('Opening the data', 0);
  const setup = { ...(await setUp(params)), load: new KeptBatches().load };
  requireGraph(params.path);
  const subject = openSubject(params.path, { withEpsilon: false });
  try {
    const { layers } = await scoreSubject(subject, 0, context.within(0, 0.05));
    return await withTested([params.path], params.preprocessing ?? {}, setup.run, async ([original]) => {
      const triggers = await createTriggers(setup, original!.preprocessing);
      try {
        const sweep = new Sweep(params, setup, subject, layers, original!, triggers);
        return await sweep.run(context.within(0.05, 1));
      } finally {
        await releaseTriggers(triggers);
      }
    });
  } finally {
    subject.close();
  }
}

class Sweep {
  private readonly params: SweepParams;
  private readonly setup: Setup;
  private readonly subject: Subject;
  private readonly layers: readonly Layer[];
  private readonly original: TestedModel;
  private readonly triggers: ReadonlyMap<string, Trigger>;
  private complete = true;

  constructor(
    params: SweepParams,
    setup: Setup,
    subject: Subject,
    layers: readonly Layer[],
    original: TestedModel,
    triggers: ReadonlyMap<string, Trigger>,
  ) {
    this.params = params;
    this.setup = setup;
    this.subject = subject;
    this.layers = layers;
    this.original = original;
    this.triggers = triggers;
  }

  async run(context: JobContext): Promise<SweepReport> {
    const { setup, original, params } = this;
    const first = await measureModels(setup, [original], this.triggers, context.within(0, FIRST));
    this.complete = allPredicted(first.counts);
    const us = [...new Set(params.us)].sort((a, b) => a - b);
    const points = await this.measureAll(us, first.counts[0]!, first.predictions, context.within(FIRST, 1));
    const { acc, n, attacks } = pointOf(first.counts[0]!);
    return {
      schema: 'scour.sweep/1',
      version: VERSION,
      path: params.path,
      data: { path: params.data, images: setup.dataset.samples.length, used: setup.samples.length },
      preprocessing: original.preprocessing,
      target: setup.target,
      attacks: reportedAttacks(setup),
      original: { acc, n, attacks },
      points,
      device: original.classifier.device,
      seed: setup.seed,
      skipped: skippedOf(setup),
      complete: this.complete && setup.skips.list.length === 0,
      warnings: [...new Set([...setup.warnings, ...original.warnings])],
    };
  }

  private async measureAll(
    us: readonly number[],
    unpruned: ModelCounts,
    reference: ReadonlyMap<string, number>,
    context: JobContext,
  ): Promise<SweepPoint[]> {
    const known = new Map<string, Omit<SweepPoint, 'u'>>();
    const points: SweepPoint[] = [];
    for (const [i, u] of us.entries()) {
      const pruned = prunedLayers(this.layers.map((layer) => ({ ...layer, outliers: outliersAt(layer, u) })));
      const channels = pruned.reduce((sum, layer) => sum + layer.channels.length, 0);
      const key = JSON.stringify(pruned);
      let point = known.get(key);
      if (point === undefined) {
        const counts =
          channels === 0
            ? unpruned
            : await this.measurePruned(
                selectionOf(pruned),
                reference,
                context.within(i / us.length, (i + 1) / us.length),
              );
        point = { channels, ...pointOf(counts) };
        known.set(key, point);
      }
      points.push({ u, ...point });
    }
    return points;
  }

  private async measurePruned(
    selection: ReturnType<typeof selectionOf>,
    reference: ReadonlyMap<string, number>,
    context: JobContext,
  ): Promise<ModelCounts> {
    const { setup, original, params } = this;
    const folder = temporaryFolder('sweep');
    try {
      const output = path.join(folder, 'pruned.onnx');
      await this.subject.writePruned(selection, { output, force: false, provenance: null });
      // The device is settled: the same graph need not be tried on all of them again.
      const run = { ...setup.run, device: original.classifier.device };
      // Settings are looked for beside the file that it was made of.
      const pruned = { path: params.path, onnx: output, known: original.known, notes: [] };
      const models = await openTested([pruned], params.preprocessing ?? {}, run);
      try {
        const { counts } = await measureModels(setup, models, this.triggers, context, reference);
        this.complete &&= allPredicted(counts);
        return counts[0]!;
      } finally {
        await releaseTested(models);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function pointOf({ clean, attacks }: ModelCounts): Omit<SweepPoint, 'u' | 'channels'> {
  return {
    acc: clean.accuracy,
    agreement: clean.agreement,
    n: clean.n,
    attacks: attacks.map(({ name, tally }) => {
      const { asr, ra, n } = tally.result(name);
      return { name, asr, ra, n };
    }),
  };
}
