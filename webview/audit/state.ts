import type { ExportState, PreviewState, ScanState, ToAuditPanel } from '../../src/protocol/audit';
import type { PreprocessingOptions } from '../../src/protocol/preprocessing';
import type { Audit } from '../../src/protocol/scan';
import { DEFAULT_U } from '../../src/protocol/threshold';
import { auditAtU, type AuditAtU } from '../scan/at-u';

export interface FileFacts {
  readonly path: string;
  readonly name: string;
  readonly trusted: boolean;
}

/** What the audit panel shows. Each message of the host replaces one part; the panel itself only moves u. */
export interface AuditState {
  readonly file: FileFacts | null;
  readonly scan: ScanState;
  readonly preview: PreviewState;
  /** The folder that a preview takes its images from; null = random inputs. */
  readonly images: string | null;
  readonly preprocessing: PreprocessingOptions;
  readonly export: ExportState;
  readonly u: number;
}

/** Before the first message: the page shows its frame and says that it waits. */
export const INITIAL: AuditState = {
  file: null,
  scan: {
    state: 'running',
    message: 'Waiting for the engine',
    fraction: null,
    secondsLeft: null,
    stalled: false,
  },
  preview: { state: 'idle' },
  images: null,
  preprocessing: {},
  export: { state: 'idle' },
  u: DEFAULT_U,
};

/** The state after a message. u is the panel's own and is decided by `main.ts`. */
export function receive(state: AuditState, message: ToAuditPanel): AuditState {
  switch (message.kind) {
    case 'file':
      return { ...state, file: { path: message.path, name: message.name, trusted: message.trusted } };
    case 'scan':
      return { ...state, scan: message.scan };
    case 'preview':
      return {
        ...state,
        preview: message.preview,
        images: message.images,
        preprocessing: message.preprocessing,
      };
    case 'export':
      return { ...state, export: message.export };
  }
}

/** The finished scan, or null. */
export function auditOf(state: AuditState): Audit | null {
  return state.scan.state === 'done' ? state.scan.audit : null;
}

/** Applies u to the finished scan, once for each pair of the two. */
export class ViewAtU {
  private audit: Audit | null = null;
  private view: AuditAtU | null = null;

  of(state: AuditState): AuditAtU | null {
    const audit = auditOf(state);
    if (audit === null) this.view = null;
    else if (audit !== this.audit || this.view?.u !== state.u) this.view = auditAtU(audit, state.u);
    this.audit = audit;
    return this.view;
  }
}

/** One part of the page. `view` is null until the scan is done. */
export interface Part {
  readonly element: HTMLElement;
  /** Shows `state`; `before` is what was shown last, so that what did not change is left alone. */
  update(state: AuditState, view: AuditAtU | null, before: AuditState | null): void;
}
