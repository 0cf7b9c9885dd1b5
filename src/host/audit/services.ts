import type { Uri } from 'vscode';
import type { EngineClient } from '../engine/client';
import type { PanelServices } from '../panel-messages';
import type { AuditActions } from './actions';
import type { Auditor } from './auditor';
import type { EditorMemory } from './memory';

/** What the audit editor works with. */
export interface AuditServices extends PanelServices {
  extensionUri: Uri;
  engine: EngineClient;
  auditor: Auditor;
  memory: EditorMemory;
  actions: AuditActions;
}
