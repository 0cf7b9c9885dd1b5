import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { presetNamed } from '../../src/defenses/bcu/presets';
import { cleanseModel } from '../../src/engine/jobs/cleanse';
import { CleanseState } from '../../src/engine/jobs/cleanse-state';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import type { JobContext } from '../../src/engine/job-context';
import { writeAtomically } from '../../src/model/atomic-write';
import type { Attack } from '../../src/protocol/attack';
import { DEFAULT_TRAINING } from '../../src/protocol/cleansing';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';
import type { PreprocessingOptions } from '../../src/protocol/preprocessing';
import { VERSION } from '../../src/protocol/version';
import type { SessionOptions } from '../../src/runtime/session';
import type { Variant } from './studies';

/** What every cell of a study shares. */
export interface Bench {
  readonly model: string;
  /** SHA-256 of the model: cells of another one are not taken for this one's. */
  readonly sha256: string;
  readonly epochs: number;
  readonly test: {
    readonly data: string;
    readonly attacks: readonly Attack[];
    readonly target: string;
    readonly limit: number;
  };
  readonly preprocessing: PreprocessingOptions;
  readonly run: SessionOptions;
  /** Finished cells are kept here. */
  readonly folder: string;
}

const Percent = v.nullable(v.number());
const CellSchema = v.object({
  variant: v.string(),
  seed: v.number(),
  acc: Percent,
  /** Mean over the attacks. */
  asr: Percent,
  ra: Percent,
  agreement: v.number(),
  /** Share of all weights, 0 … 1. */
  redrawn: v.number(),
  /** Channels held at zero. */
  held: v.number(),
  status: v.picklist(['complete', 'diverged']),
  settings: v.unknown(),
});
/** The outcome of one run; percent where not said otherwise. */
export type Cell = v.InferOutput<typeof CellSchema>;

/** ACC, ASR and RA of the model at `file`, the last two as means over the attacks. */
export async function measure(
  { test, preprocessing, run }: Bench,
  file: string,
  context: JobContext,
): Promise<Pick<Cell, 'acc' | 'asr' | 'ra'>> {
  const { data, attacks, target, limit } = test;
  const report = await evaluateModels(
    {
      ...{ data, attacks: [...attacks], target, limit, models: [file], preprocessing, ...run },
      ...{ samples: 0, tacImages: 0, embeddingImages: 0 },
    },
    context,
  );
  const { acc, attacks: measured } = report.models[0]!;
  return {
    acc,
    asr: meanOf(measured.map(({ asr }) => asr)),
    ra: meanOf(measured.map(({ ra }) => ra)),
  };
}

/**
 * Cleanses the model as the variant says and measures what comes out, unless that is already done; a run that was
 * interrupted goes on. Rejects as the engine's jobs do.
 */
export async function runCell(
  bench: Bench,
  variant: Variant,
  seed: number,
  context: JobContext,
): Promise<Cell> {
  const settings = {
    ...{ version: VERSION, model: bench.sha256, epochs: bench.epochs, test: bench.test },
    ...{ preprocessing: bench.preprocessing, device: bench.run.device, variant, seed },
  };
  const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
  const kept = path.join(bench.folder, `${key}.json`);
  if (existsSync(kept)) return v.parse(CellSchema, JSON.parse(readFileSync(kept, 'utf8')));
  mkdirSync(bench.folder, { recursive: true });
  const output = path.join(bench.folder, `${key}.onnx`);
  const report = await cleanseModel(
    bench.model,
    {
      data: variant.data,
      output,
      // A student that was written but not measured is made again.
      force: true,
      resume: new CleanseState(output).exists,
      samples: variant.samples,
      choose: async (_, presets) => ({
        ratios: presetNamed(await presets(), variant.preset).ratios,
        clpU: variant.clpU,
      }),
      monitor: null,
      engine: ONNXRUNTIME,
      settings: { ...DEFAULT_TRAINING, epochs: bench.epochs, labels: variant.labels, seed },
      preprocessing: bench.preprocessing,
      run: bench.run,
      onNote: () => undefined,
    },
    context.within(0, 0.9),
  );
  const cell: Cell = {
    variant: variant.name,
    seed,
    ...(await measure(bench, output, context.within(0.9, 1))),
    agreement: report.agreement,
    redrawn: report.redrawn,
    held: report.clp?.channels ?? 0,
    status: report.status,
    settings,
  };
  await writeAtomically(kept, { force: true, inputs: [] }, (sink) =>
    sink(Buffer.from(`${JSON.stringify(cell, null, 2)}\n`)),
  );
  rmSync(output);
  return cell;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
