import * as v from 'valibot';
import { CheckpointError } from '../model/checkpoint';
import { ENGINE, type EngineMethod, type EventOf, type ParamsOf, type ResultOf } from '../protocol/engine';
import { ScourError, isScourError, messageOf } from '../protocol/errors';
import { ToEngineSchema, type FromEngine, type WireError } from '../protocol/rpc';
import { VERSION } from '../protocol/version';
import { JobContext } from './job-context';

/** What a running method has to do with the host besides progress and cancellation. */
export interface Live<E> {
  readonly send: (event: E) => void;
  /** Fires when the host asks for a pause. */
  readonly pause: AbortSignal;
}

/** What carries out each method. */
export type Handlers = {
  readonly [M in EngineMethod]: (
    params: ParamsOf<M>,
    context: JobContext,
    live: Live<EventOf<M>>,
  ) => Promise<ResultOf<M>>;
};

/**
 * The engine's end of the wire. Checks every message and every parameter on arrival, answers each request once, and
 * turns errors into what the host can show. A message that cannot be understood is answered on `onNoise`, never guessed.
 */
export class EngineServer {
  private readonly handlers: Handlers;
  private readonly send: (message: FromEngine) => void;
  private readonly onNoise: (complaint: string) => void;
  private readonly running = new Map<number, { cancel: AbortController; pause: AbortController }>();

  constructor(handlers: Handlers, send: (message: FromEngine) => void, onNoise: (complaint: string) => void) {
    this.handlers = handlers;
    this.send = send;
    this.onNoise = onNoise;
  }

  /** Tells the host that requests may come. */
  start(): void {
    this.send({ kind: 'ready', version: VERSION });
  }

  /** Takes one message from the host. */
  receive(value: unknown): void {
    const parsed = v.safeParse(ToEngineSchema, value);
    if (!parsed.success) {
      this.onNoise(`a message that is none: ${v.summarize(parsed.issues)}`);
      return;
    }
    const message = parsed.output;
    if (message.kind !== 'request') {
      this.running.get(message.id)?.[message.kind].abort();
      return;
    }
    if (this.running.has(message.id)) {
      this.onNoise(`request ${message.id} came twice`);
      return;
    }
    void this.answer(message.id, message.method, message.params);
  }

  private async answer(id: number, method: string, params: unknown): Promise<void> {
    const [cancel, pause] = [new AbortController(), new AbortController()];
    this.running.set(id, { cancel, pause });
    try {
      const context = new JobContext(cancel.signal, (progress) =>
        this.send({ kind: 'progress', id, progress }),
      );
      const live: Live<unknown> = {
        send: (event) => this.send({ kind: 'event', id, event }),
        pause: pause.signal,
      };
      const result = await this.call(method, params, context, live);
      this.send({ kind: 'ok', id, result });
    } catch (error) {
      this.send({ kind: 'err', id, error: wireError(error) });
    } finally {
      this.running.delete(id);
    }
  }

  private async call(
    method: string,
    params: unknown,
    context: JobContext,
    live: Live<unknown>,
  ): Promise<unknown> {
    if (!isMethod(method)) throw new ScourError('protocol', `The engine knows no method '${method}'.`);
    return this.dispatch(method, params, context, live);
  }

  private dispatch<M extends EngineMethod>(
    method: M,
    params: unknown,
    context: JobContext,
    live: Live<unknown>,
  ): Promise<ResultOf<M>> {
    const parsed = v.safeParse(ENGINE[method].params, params);
    if (!parsed.success) {
      throw new ScourError(
        'protocol',
        `The parameters of '${method}' are not valid: ${v.summarize(parsed.issues)}`,
      );
    }
    return this.handlers[method](parsed.output, context, live);
  }
}

function isMethod(name: string): name is EngineMethod {
  return Object.hasOwn(ENGINE, name);
}

function wireError(error: unknown): WireError {
  if (isScourError(error)) {
    const { name, reason, message } = error;
    const findings = error instanceof CheckpointError ? { findings: [...error.findings] } : {};
    return { name, reason, message, ...findings };
  }
  return {
    name: 'InternalError',
    reason: 'internal',
    message: `Something unexpected went wrong in Scour: ${messageOf(error)}`,
  };
}
