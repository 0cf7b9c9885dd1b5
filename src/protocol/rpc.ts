import * as v from 'valibot';
import { ProgressSchema } from './engine';
import { FindingSchema } from './findings';

/**
 * The wire between host and engine. A request has an id; it is answered once, by `ok` or by `err`; progress may come in
 * between, and events where the method has some; `cancel` asks for an early `err` with reason `cancelled`, `pause` for an
 * early end at a point from which the work can go on (methods that cannot be paused take no notice).
 */
const Id = v.pipe(v.number(), v.integer(), v.minValue(1));

export const ToEngineSchema = v.variant('kind', [
  v.object({ kind: v.literal('request'), id: Id, method: v.string(), params: v.unknown() }),
  v.object({ kind: v.literal('cancel'), id: Id }),
  v.object({ kind: v.literal('pause'), id: Id }),
]);
export type ToEngine = v.InferOutput<typeof ToEngineSchema>;

export const WireErrorSchema = v.object({
  name: v.string(),
  reason: v.string(),
  message: v.string(),
  /** Of a model file that could not be read to its end: what was noticed before. */
  findings: v.optional(v.array(FindingSchema)),
});
/** A ScourError on the wire; an unexpected error has reason `internal`. */
export type WireError = v.InferOutput<typeof WireErrorSchema>;

export const FromEngineSchema = v.variant('kind', [
  /** Sent once, when the engine listens. */
  v.object({ kind: v.literal('ready'), version: v.string() }),
  v.object({ kind: v.literal('progress'), id: Id, progress: ProgressSchema }),
  v.object({ kind: v.literal('event'), id: Id, event: v.unknown() }),
  v.object({ kind: v.literal('ok'), id: Id, result: v.unknown() }),
  v.object({ kind: v.literal('err'), id: Id, error: WireErrorSchema }),
]);
export type FromEngine = v.InferOutput<typeof FromEngineSchema>;
