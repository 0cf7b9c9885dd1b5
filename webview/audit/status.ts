import type { FromAuditPanel, ScanState } from '../../src/protocol/audit';
import type { Announcer } from '../dom/announcer';
import { button } from '../dom/button';
import { fill, h } from '../dom/element';
import { notice } from '../dom/notice';
import { ProgressView } from '../dom/progress';
import { formatTimeLeft } from '../text/format';
import { visible } from '../../src/protocol/wording';
import type { AuditState, Part } from './state';

/** How the scan stands: progress, failure, cancellation. Nothing while a finished scan is shown. */
export class Status implements Part {
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  readonly element: HTMLElement;
  private readonly post: (message: FromAuditPanel) => void;
  private readonly announcer: Announcer;
  /** Progress is announced by quarters. */
  private quarter = -1;

  constructor(post: (message: FromAuditPanel) => void, announcer: Announcer) {
    this.post = post;
    this.announcer = announcer;
    this.progress = new ProgressView({
      label: 'Scanning the model',
      onCancel: () => {
        post({ kind: 'cancel', job: 'scan' });
      },
      onRetry: () => {
        post({ kind: 'rescan' });
      },
    });
    this.element = h(
      'section',
      { class: 'status', attributes: { 'aria-label': 'State of the scan' } },
      this.progress.element,
      this.outcome,
    );
  }

  update({ scan }: AuditState, _view: unknown, before: AuditState | null): void {
    if (scan === before?.scan) return;
    this.progress.update(scan.state === 'running' ? scan : null);
    fill(this.outcome, this.describe(scan));
    this.element.hidden = scan.state === 'done' && !scan.kept;
    this.announce(scan, before?.scan ?? null);
  }

  private describe(scan: ScanState): HTMLElement | null {
    const again = (label: string): HTMLElement =>
      button({
        label,
        icon: 'refresh',
        onPress: () => {
          this.post({ kind: 'rescan' });
        },
      });
    switch (scan.state) {
      case 'running':
        return null;
      case 'cancelled':
        return notice(
          'note',
          h('p', {}, 'The scan was cancelled.'),
          h('div', { class: 'actions' }, again('Scan again')),
        );
      case 'failed':
        return notice(
          'error',
          h('p', {}, h('strong', {}, 'The scan failed. '), visible(scan.error.message)),
          h('p', { class: 'hint' }, 'Nothing can be said about this model.'),
          h('div', { class: 'actions' }, again('Retry')),
        );
      case 'done':
        return scan.kept
          ? h(
              'p',
              { class: 'hint kept' },
              'Result of an earlier scan of a file with the same content.',
              ' ',
              this.rescanLink(),
            )
          : null;
    }
  }

  private rescanLink(): HTMLElement {
    const link = h('button', { class: 'link', attributes: { type: 'button' } }, 'Scan again');
    link.addEventListener('click', () => {
      this.post({ kind: 'rescan' });
    });
    return link;
  }

  private announce(scan: ScanState, before: ScanState | null): void {
    switch (scan.state) {
      case 'running': {
        const wasStalled = before?.state === 'running' && before.stalled;
        if (scan.stalled && !wasStalled) {
          this.announcer.say('scan', 'The engine has not reported for a while. You can cancel or retry.');
          return;
        }
        const quarter = scan.fraction === null ? 0 : Math.floor(scan.fraction * 4);
        if (before?.state !== 'running') this.quarter = -1;
        if (quarter === this.quarter) return;
        this.quarter = quarter;
        const left = formatTimeLeft(scan.secondsLeft);
        const percent = scan.fraction === null ? '' : ` ${Math.floor(scan.fraction * 100)} %`;
        this.announcer.say('scan', `Scanning${percent}${left === null ? '' : `, ${left}`}.`);
        return;
      }
      case 'cancelled':
        this.announcer.say('scan', 'The scan was cancelled.');
        return;
      case 'failed':
        this.announcer.say('scan', `The scan failed. ${visible(scan.error.message)}`);
        return;
      case 'done':
        this.announcer.say('scan', 'The scan is done.');
        return;
    }
  }
}
