import * as v from 'valibot';
import type * as vscode from 'vscode';

/** What a panel's messages need to be carried out. */
export interface PanelServices {
  log: vscode.LogOutputChannel;
  /** Runs what a panel asked for and reports what it throws. */
  attempt: (doing: string, action: () => Promise<void> | void) => void;
}

/**
 * Carries out a message of the `name` panel, such as "cleansing". One that `schema` does not know is logged and dropped:
 * a panel shows text out of hostile files, so nothing it sends is taken on trust.
 */
export function receive<M extends { readonly kind: string }>(
  name: string,
  schema: v.GenericSchema<unknown, M>,
  message: unknown,
  { log, attempt }: PanelServices,
  handle: (message: M) => Promise<void> | void,
): void {
  const parsed = v.safeParse(schema, message);
  if (!parsed.success) {
    log.error(`the ${name} panel sent a message that is not understood: ${v.summarize(parsed.issues)}`);
    return;
  }
  attempt(`${name} panel, ${parsed.output.kind}`, () => handle(parsed.output));
}
