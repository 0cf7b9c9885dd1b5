import { encodeModel } from '../model/onnx/encode';
import { blockedLayout } from '../runtime/blocked-layout';
import { DeviceMemory } from '../runtime/device-memory';
import { TrainingSession, type TrainingSessionOptions } from '../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from './engine';
import { peakBytes } from './graph/memory';
import type { BuiltGraph } from './graph/ops';
import { lower } from './lowering/lower';
import { NAMES, programGraph, type ProgramPlan } from './program';

export interface OnnxruntimeOptions extends Omit<TrainingSessionOptions, 'keep'> {
  /** Parameters, optimizer state and statistics stay on the device between steps, where it can keep them. Default: true. */
  readonly keepState?: boolean;
}

/** Runs training graphs, gradients by Scour's own rules, on onnxruntime. */
export class OnnxruntimeEngine implements TrainingEngine {
  readonly name: string;
  private readonly settings: OnnxruntimeOptions;

  constructor(settings: OnnxruntimeOptions) {
    this.name = `onnxruntime (${settings.device})`;
    this.settings = settings;
  }

  async compile(plan: ProgramPlan, program: Program, keeps: boolean): Promise<CompiledProgram> {
    const { g, outputs } = await this.build(plan, program);
    const model = encodeModel(g.toModel(outputs, plan.forward.opsets));
    const keep = keeps && program.kind !== 'gradients' ? [...outputs.keys()].filter(NAMES.isUpdated) : [];
    const session = await TrainingSession.create(model, { ...this.settings, keep: new Set(keep) });
    return {
      run: (feeds, into) => session.runKeeping(feeds, into),
      release: async () => {
        if (this.settings.profile !== undefined) session.endProfiling();
        await session.release();
      },
    };
  }

  /** WebGPU only: see `DeviceMemory`. */
  async openMemory(): Promise<DeviceMemory | null> {
    const { device, threads, keepState = true } = this.settings;
    return device === 'webgpu' && keepState ? DeviceMemory.open({ threads }) : null;
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
