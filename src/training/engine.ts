import type { DeviceMemory } from '../runtime/device-memory';
import type { AnyTensor } from '../runtime/device-tensor';
import type { HostTensor } from '../runtime/training-session';
import type { BatchNormMode } from './forward/instantiate';
import type { ProgramPlan } from './program';

/** Which gradients are asked for. */
export interface GradientsOf {
  readonly input: boolean;
  readonly parameters: boolean;
}

/** What a trainer has computed, for one batch size. Inputs and outputs have the names of `NAMES`. */
export type Program =
  /** Forward, loss, gradients and update: new parameters, optimizer state and statistics out. */
  | { readonly kind: 'step'; readonly batch: number }
  /** Forward, loss and gradients of a part of a batch, added to what earlier parts gave. */
  | { readonly kind: 'part'; readonly batch: number }
  /** The update from gradients that parts added up. */
  | { readonly kind: 'update' }
  /** Loss, logits and gradients, and no update. */
  | { readonly kind: 'gradients'; readonly batch: number; readonly of: GradientsOf }
  /** Logits, the statistics that follow where batch norms train, and of `measure`, one of the plan's, every sample's loss. */
  | {
      readonly kind: 'forward';
      readonly batch: number;
      readonly batchNorm: BatchNormMode;
      readonly measure: string | null;
    };

/** A program made ready to run many times. */
export interface CompiledProgram {
  /**
   * Takes what it needs from `feeds`, by name, and returns every output. `into` holds buffers to write outputs to, where
   * these are not kept on the device; they are not among `feeds`. Throws RuntimeError `run-failed` or `out-of-memory`.
   */
  run(
    feeds: ReadonlyMap<string, AnyTensor>,
    into?: ReadonlyMap<string, HostTensor>,
  ): Promise<Map<string, AnyTensor>>;
  release(): Promise<void>;
}

/** What a trainer computes with. All engines run the same graphs of the same plan; they differ in who runs them. */
export interface TrainingEngine {
  /** As messages and reports name it. */
  readonly name: string;
  /**
   * Throws TrainingError `no-gradient` where an operator between the parameters and the loss cannot be differentiated,
   * RuntimeError where the engine cannot run the graph. `keeps`: what the program makes of parameters, state and
   * statistics stays on the device, for engines that have `openMemory`.
   */
  compile(plan: ProgramPlan, program: Program, keeps: boolean): Promise<CompiledProgram>;
  /**
   * The memory of the device that programs may keep state in between runs; null where it passes through main memory in
   * any case. Throws RuntimeError where the device should have such memory and does not do with it what it must.
   */
  openMemory(): Promise<DeviceMemory | null>;
  /** Bytes that a program takes at its peak, as an estimate; null where the engine cannot tell. */
  memoryOf(plan: ProgramPlan, program: Program): Promise<number | null>;
}
