import type { ExtensionContext } from 'vscode';
import { Host } from './host/host';

/** Registers; the engine, the results and the panels come when they are asked for. */
export function activate(context: ExtensionContext): void {
  context.subscriptions.push(new Host(context));
}
