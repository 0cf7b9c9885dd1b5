import * as v from 'valibot';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** The panel's end of its wire to the extension host. */
export interface Host<From> {
  post(message: From): void;
  /** What the panel put away before it was hidden or reloaded, as it comes: to be validated. */
  readonly kept: unknown;
  readonly keep: (state: unknown) => void;
}

/**
 * Connects the panel. Each message is validated; one that does not fit goes to `onInvalid`, never into the state.
 * May be called once: VS Code hands its API out once.
 */
export function connect<const To extends v.GenericSchema, From>(
  schema: To,
  onMessage: (message: v.InferOutput<To>) => void,
  onInvalid: () => void,
): Host<From> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const parsed = v.safeParse(schema, event.data);
    if (parsed.success) onMessage(parsed.output);
    else onInvalid();
  });
  return {
    post: (message) => {
      api.postMessage(message);
    },
    kept: api.getState(),
    keep: (state) => {
      api.setState(state);
    },
  };
}
