import { encodeModel } from '../model/onnx/encode';
import { blockedLayout } from '../runtime/blocked-layout';
import { TrainingSession, type TrainingSessionOptions } from '../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from './engine';
import { peakBytes } from './graph/memory';
import type { BuiltGraph } from './graph/ops';
import { lower } from './lowering/lower';
import { programGraph, type ProgramPlan } from './program';

/** Runs training graphs, gradients by Scour's own rules, on onnxruntime. */
export class OnnxruntimeEngine implements TrainingEngine {
  readonly name: string;
  private readonly settings: TrainingSessionOptions;

  constructor(settings: TrainingSessionOptions) {
    this.name = `onnxruntime (${settings.device})`;
    this.settings = settings;
  }

  async compile(plan: ProgramPlan, program: Program): Promise<CompiledProgram> {
    const { g, outputs } = await this.build(plan, program);
    const model = encodeModel(g.toModel(outputs, plan.forward.opsets));
    const session = await TrainingSession.create(model, this.settings);
    return {
      run: (feeds, into) => session.run(feeds, into),
      release: async () => {
        if (this.settings.profile !== undefined) session.endProfiling();
        await session.release();
      },
    };
  }

  /** Null on a GPU: what is free there is not known. */
  async memoryOf(plan: ProgramPlan, program: Program): Promise<number | null> {
    if (this.settings.device !== 'cpu') return null;
    return peakBytes(await this.build(plan, program));
  }

  private async build(plan: ProgramPlan, program: Program): Promise<BuiltGraph> {
    const block = this.settings.device === 'cpu' ? await blockedLayout() : null;
    return lower(programGraph(plan, program), block);
  }
}
