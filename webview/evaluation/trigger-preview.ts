import type { Attack } from '../../src/protocol/attack';
import type { TriggerPreview } from '../../src/protocol/evaluation';
import type { TriggerState } from '../../src/protocol/evaluation-panel';
import { visible } from '../../src/protocol/wording';
import type { Announcer } from '../dom/announcer';
import { fill, h } from '../dom/element';
import { nameOf } from '../dom/name';
import { notice } from '../dom/notice';
import { picture, scaleFor } from '../dom/picture';
import { ProgressView } from '../dom/progress';
import { PatchPlacer } from './patch-placer';

/** Side that the images of a preview are shown at, at least, in pixels of the page. */
const SHOWN = 112;

/** A trigger on a few images, each without and with it; a patch can be moved on the first. */
export class TriggerPreviewView {
  readonly element: HTMLElement;
  private readonly announcer: Announcer;
  private readonly onPlace: (x: number, y: number) => void;
  private readonly progress: ProgressView;
  private readonly outcome = h('div');
  private placer: PatchPlacer | null = null;

  constructor(
    announcer: Announcer,
    onPlace: (x: number, y: number) => void,
    onCancel: () => void,
    onRetry: () => void,
  ) {
    this.announcer = announcer;
    this.onPlace = onPlace;
    this.progress = new ProgressView({ label: 'Putting the trigger on images', onCancel, onRetry });
    this.element = h('div', { class: 'trigger-preview' }, this.progress.element, this.outcome);
  }

  /** True while images with the trigger are shown. */
  get isShown(): boolean {
    return this.outcome.childElementCount > 0;
  }

  /**
   * Shows where the preview stands; null takes it away. While it is made again, the old images stay.
   * @param attack as it was when the preview was asked for
   * @param now as it is
   */
  update(state: TriggerState | null, attack: Attack, now: Attack): void {
    this.progress.update(state?.state === 'running' && !this.isShown ? state : null);
    this.outcome.classList.toggle('is-waiting', state?.state === 'running');
    switch (state?.state) {
      case 'running':
        return;
      case 'done':
        this.show(state.result, attack, now);
        this.announcer.say('trigger', 'The trigger is shown on images.');
        return;
      case 'failed': {
        const message = visible(state.error.message);
        this.clear();
        fill(
          this.outcome,
          notice('error', h('p', {}, h('strong', {}, 'The trigger cannot be shown. '), message)),
        );
        this.announcer.say('trigger', `The trigger cannot be shown. ${message}`);
        return;
      }
      case 'idle':
      case 'cancelled':
      case undefined:
        this.clear();
    }
  }

  private clear(): void {
    this.placer = null;
    this.outcome.replaceChildren();
  }

  private show(preview: TriggerPreview, attack: Attack, now: Attack): void {
    const { width, height, images } = preview;
    if (images.length === 0) {
      this.clear();
      fill(this.outcome, h('p', { class: 'hint' }, 'There is no image to show it on.'));
      return;
    }
    const scale = scaleFor(width, height, SHOWN);
    const figures = images.map(({ name, clean, triggered }, at) =>
      h(
        'figure',
        { class: 'pair' },
        picture(clean, width, height, scale, `Image ${at + 1} without the trigger`),
        picture(triggered, width, height, scale, `Image ${at + 1} with the trigger`),
        h('figcaption', { class: 'hint' }, nameOf(name)),
      ),
    );
    const pairs = h('div', { class: 'pairs' }, ...figures);
    if (attack.kind !== 'patch' || now.kind !== 'patch') {
      this.placer = null;
      fill(this.outcome, pairs);
      return;
    }
    // The placer stays where it is, so that it keeps the focus while the arrow keys move it.
    if (this.placer === null) {
      this.placer = new PatchPlacer(this.announcer, this.onPlace);
      fill(this.outcome, this.placer.element, pairs);
    } else this.placer.element.nextElementSibling?.replaceWith(pairs);
    this.placer.update(preview, attack, now);
  }
}
