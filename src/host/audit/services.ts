import type { LogOutputChannel, Uri } from 'vscode';
import type { EngineClient } from '../engine/client';
import type { AuditActions } from './actions';
import type { Auditor } from './auditor';
import type { EditorMemory } from './memory';

/** What the audit editor works with. */
export interface AuditServices {
  extensionUri: Uri;
  engine: EngineClient;
  auditor: Auditor;
  memory: EditorMemory;
  actions: AuditActions;
  log: LogOutputChannel;
  /** Runs what a panel asked for and reports what it throws. */
  attempt: (doing: string, action: () => Promise<void> | void) => void;
}
