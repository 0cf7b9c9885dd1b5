import type { TrainingEngine } from './engine';
import type { ProgramPlan } from './program';

/** Memory of a step over what its tensors take: the process itself and what onnxruntime's allocator loses. Measured: docs/training.md. */
const OVERHEAD = 1.5;

/** Two sizes, both of whole blocks: memory is a + b·N, and two points give a and b. */
const SIZES = [16, 32] as const;

export interface MemoryOfSteps {
  /** Bytes that a step takes however small its batch is: parameters, gradients, optimizer state. */
  readonly fixed: number;
  readonly perSample: number;
}

/** What steps of a plan take at their peak; null where the engine cannot tell. */
export async function memoryOfSteps(
  engine: TrainingEngine,
  plan: ProgramPlan,
  kind: 'step' | 'part' = 'step',
): Promise<MemoryOfSteps | null> {
  const at = (batch: number): Promise<number | null> => engine.memoryOf(plan, { kind, batch });
  const [small, large] = [await at(SIZES[0]), await at(SIZES[1])];
  if (small === null || large === null) return null;
  const perSample = (OVERHEAD * (large - small)) / (SIZES[1] - SIZES[0]);
  return { fixed: Math.max(0, OVERHEAD * small - perSample * SIZES[0]), perSample };
}

/** The largest part of a batch of `batch` samples, which did not fit, that fits into `available` bytes; at most half. 0: none does. */
export function fittingPart({ fixed, perSample }: MemoryOfSteps, batch: number, available: number): number {
  const most = Math.max(0, Math.floor((available - fixed) / perSample));
  return Math.min(most, Math.floor(batch / 2));
}
