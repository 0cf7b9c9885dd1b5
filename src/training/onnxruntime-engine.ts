import { encodeModel } from '../model/onnx/encode';
import type { OnnxModel } from '../model/onnx/graph';
import { blockedLayout } from '../runtime/blocked-layout';
import { TrainingSession, type TrainingSessionOptions } from '../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from './engine';
import {
  accumulateProgram,
  forwardProgram,
  gradientProgram,
  stepProgram,
  updateProgram,
  type Block,
  type ProgramPlan,
} from './program';

/** Runs training graphs, gradients by Scour's own rules, on onnxruntime. */
export class OnnxruntimeEngine implements TrainingEngine {
  readonly name: string;
  private readonly settings: TrainingSessionOptions;

  constructor(settings: TrainingSessionOptions) {
    this.name = `onnxruntime (${settings.device})`;
    this.settings = settings;
  }

  async compile(plan: ProgramPlan, program: Program): Promise<CompiledProgram> {
    const block = this.settings.device === 'cpu' ? await blockedLayout() : null;
    const session = await TrainingSession.create(encodeModel(graphOf(plan, program, block)), this.settings);
    return {
      run: (feeds, into) => session.run(feeds, into),
      release: async () => {
        if (this.settings.profile !== undefined) session.endProfiling();
        await session.release();
      },
    };
  }
}

function graphOf(plan: ProgramPlan, program: Program, block: Block): OnnxModel {
  switch (program.kind) {
    case 'step':
      return stepProgram(plan, program.batch, block);
    case 'part':
      return accumulateProgram(plan, program.batch, block);
    case 'update':
      return updateProgram(plan);
    case 'gradients':
      return gradientProgram(plan, program.batch, program.of, block);
    case 'forward':
      return forwardProgram(plan, program, block);
  }
}
