import { RuntimeError } from '../protocol/errors';
import type { DeviceMemory } from '../runtime/device-memory';
import type { AnyTensor } from '../runtime/device-tensor';
import type { HostTensor } from '../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from './engine';
import { TrainingError } from './errors';
import { fittingPart, memoryOfSteps } from './fitting-batch';
import type { ProgramPlan } from './program';

/** Graphs kept compiled: a full batch, the last one of an epoch, and a few that ask for gradients. */
const KEEP_PROGRAMS = 6;

/** Runs the programs of one plan, compiled when they are first needed, and says what to do where one does not fit. */
export class Programs {
  private readonly engine: TrainingEngine;
  private readonly plan: ProgramPlan;
  private readonly compiled = new Map<string, CompiledProgram>();
  private opened: { readonly memory: DeviceMemory | null; readonly whyNot: string | null } | null = null;

  constructor(engine: TrainingEngine, plan: ProgramPlan) {
    this.engine = engine;
    this.plan = plan;
  }

  /** Where programs leave what they make of the state; null: in main memory. */
  async memory(): Promise<DeviceMemory | null> {
    return (await this.open()).memory;
  }

  /** Why the state passes through main memory in every run on a device; null where it does not, or where all is there. */
  async whyNotKept(): Promise<string | null> {
    return (await this.open()).whyNot;
  }

  /**
   * Every output of a program, whose inputs are among `feeds`. `buffers` makes those in main memory that outputs are
   * written to, where they do not stay on the device. Throws TrainingError.
   */
  async run(
    program: Program,
    feeds: ReadonlyMap<string, AnyTensor>,
    buffers?: () => ReadonlyMap<string, HostTensor>,
  ): Promise<Map<string, AnyTensor>> {
    const batch = program.kind === 'update' ? 0 : program.batch;
    const keeps = (await this.memory()) !== null;
    const compiled = await this.compile(program, batch, keeps);
    return this.guard(() => compiled.run(feeds, keeps ? undefined : buffers?.()), batch);
  }

  /** What a runtime does for a step of `batch` samples, with its errors as those of training. Throws TrainingError. */
  async guard<T>(work: () => Promise<T>, batch: number): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof RuntimeError)) throw cause;
      if (cause.reason !== 'out-of-memory')
        throw new TrainingError(
          cause.reason === 'device-unavailable' ? 'device-unavailable' : 'run-failed',
          cause.message,
          { cause },
        );
      throw new TrainingError('out-of-memory', await this.tooLarge(batch), { cause });
    }
  }

  /** Frees the compiled graphs and the device's memory, which open again when they are used. */
  async release(): Promise<void> {
    const programs = [...this.compiled.values()];
    this.compiled.clear();
    for (const program of programs) await program.release();
    await this.opened?.memory?.release();
    this.opened = null;
  }

  private async open() {
    if (this.opened) return this.opened;
    try {
      this.opened = { memory: await this.engine.openMemory(), whyNot: null };
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      // Without the device there is no step either, which says it better.
      const whyNot = error.reason === 'device-unavailable' ? null : error.message;
      this.opened = { memory: null, whyNot };
    }
    return this.opened;
  }

  private async compile(program: Program, batch: number, keeps: boolean): Promise<CompiledProgram> {
    const key = JSON.stringify(program);
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key);
      this.compiled.set(key, known);
      return known;
    }
    const [oldest] = this.compiled;
    if (this.compiled.size >= KEEP_PROGRAMS && oldest) {
      this.compiled.delete(oldest[0]);
      await oldest[1].release();
    }
    const compiled = await this.guard(() => this.engine.compile(this.plan, program, keeps), batch);
    this.compiled.set(key, compiled);
    return compiled;
  }

  /** What to do about a step that does not fit into memory. */
  private async tooLarge(batch: number): Promise<string> {
    const what = `A step with ${batch} samples does not fit into memory`;
    const memory = await memoryOfSteps(this.engine, this.plan, 'part');
    const available = process.availableMemory();
    if (memory === null)
      return `${what}. Use batches, or parts of them, of ${Math.max(1, Math.floor(batch / 2))} samples or fewer.`;
    const part = fittingPart(memory, batch, available);
    const takes = `it takes about ${megabytes(memory.fixed + memory.perSample * batch)}, and ${megabytes(available)} are free`;
    return part < 1
      ? `${what}: ${takes}. Not even one sample fits: free memory, or use a machine with more of it.`
      : `${what}: ${takes}. Use batches, or parts of them, of ${part} samples or fewer.`;
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
