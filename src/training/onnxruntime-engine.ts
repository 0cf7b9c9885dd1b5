import { encodeModel } from '../model/onnx/encode';
import type { OnnxModel } from '../model/onnx/graph';
import { TrainingSession, type TrainingSessionOptions } from '../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from './engine';
import {
  accumulateProgram,
  forwardProgram,
  gradientProgram,
  stepProgram,
  updateProgram,
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
    const session = await TrainingSession.create(encodeModel(graphOf(plan, program)), this.settings);
    return {
      run: (feeds, into) => session.run(feeds, into),
      release: async () => {
        if (this.settings.profile !== undefined) session.endProfiling();
        await session.release();
      },
    };
  }
}

function graphOf(plan: ProgramPlan, program: Program): OnnxModel {
  switch (program.kind) {
    case 'step':
      return stepProgram(plan, program.batch);
    case 'part':
      return accumulateProgram(plan, program.batch);
    case 'update':
      return updateProgram(plan);
    case 'gradients':
      return gradientProgram(plan, program.batch, program.of);
    case 'forward':
      return forwardProgram(plan, program);
  }
}
