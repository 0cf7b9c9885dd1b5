import type { Attack } from '../../src/protocol/attack';
import type { TriggerPreview } from '../../src/protocol/evaluation';
import type { Announcer } from '../dom/announcer';
import { h } from '../dom/element';
import { pngAddress, scaleFor } from '../dom/picture';
import { changedBox, placeInside, unite, type Box } from '../text/changed-box';

type Patch = Extract<Attack, { kind: 'patch' }>;
interface Size {
  readonly width: number;
  readonly height: number;
}
interface Position {
  readonly x: number;
  readonly y: number;
}

/** Side that the image is shown at, at least, in pixels of the page. */
const SHOWN = 256;
/** Pixels that an arrow key moves the patch by with Shift. */
const LEAP = 8;

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** An image on which a patch is put in place: dragged with the pointer, or moved with the arrow keys. */
export class PatchPlacer {
  readonly element: HTMLElement;
  private readonly canvas = h('canvas', { attributes: { 'aria-hidden': 'true' } });
  private readonly handle = h('button', { class: 'placer-handle', attributes: { type: 'button' } });
  private readonly stage = h('div', { class: 'placer-stage' }, this.canvas, this.handle);
  private readonly announcer: Announcer;
  private readonly onPlace: (x: number, y: number) => void;
  private image: Size = { width: 1, height: 1 };
  private patch: Size = { width: 1, height: 1 };
  private at: Position = { x: 0, y: 0 };
  private scale = 1;
  /** The image without the patch, and the patch cut out of the one with it. */
  private layers: { readonly below: HTMLImageElement; readonly patch: HTMLCanvasElement } | null = null;
  private grabbed: Position | null = null;
  private loads = 0;

  constructor(announcer: Announcer, onPlace: (x: number, y: number) => void) {
    this.announcer = announcer;
    this.onPlace = onPlace;
    this.element = h(
      'div',
      { class: 'placer' },
      this.stage,
      h(
        'p',
        { class: 'hint' },
        `Drag the patch, or focus it and press the arrow keys (with Shift, ${LEAP} pixels at a time).`,
      ),
    );
    this.handle.addEventListener('keydown', (event) => {
      const move = MOVES[event.key];
      if (move === undefined) return;
      event.preventDefault();
      const step = event.shiftKey ? LEAP : 1;
      this.moveTo(this.at.x + move[0] * step, this.at.y + move[1] * step);
      this.place();
    });
    this.handle.addEventListener('pointerdown', (event) => {
      this.handle.setPointerCapture(event.pointerId);
      const under = this.pixelUnder(event);
      this.grabbed = { x: under.x - this.at.x, y: under.y - this.at.y };
    });
    this.handle.addEventListener('pointermove', (event) => {
      if (this.grabbed === null) return;
      const under = this.pixelUnder(event);
      this.moveTo(under.x - this.grabbed.x, under.y - this.grabbed.y);
    });
    const drop = (): void => {
      if (this.grabbed === null) return;
      this.grabbed = null;
      this.place();
    };
    this.handle.addEventListener('pointerup', drop);
    this.handle.addEventListener('pointercancel', drop);
  }

  /**
   * Shows the first image of a preview.
   * @param attack as it was when the preview was asked for: where its images have the patch
   * @param now as it is: where the patch is shown
   */
  update(preview: TriggerPreview, attack: Patch, now: Patch): void {
    void this.load(preview, attack, now, ++this.loads);
  }

  private async load(
    { width, height, images }: TriggerPreview,
    attack: Patch,
    now: Patch,
    load: number,
  ): Promise<void> {
    const pairs = await Promise.all(
      images.map(async ({ clean, triggered }) => [await decode(clean), await decode(triggered)] as const),
    );
    const [first] = pairs;
    if (first === undefined || load !== this.loads) return;
    this.image = { width, height };
    this.scale = scaleFor(width, height, SHOWN);
    // Where the picture is of its own size, the images tell what that is: any pixel of one of them may by chance
    // look as the patch does, the same pixel of all of them hardly.
    const box = pairs.reduce<Box | null>(
      (all, [clean, triggered]) => unite(all, changedBox(pixels(clean), pixels(triggered), width)),
      null,
    );
    const own = {
      width: Math.max(1, (box?.right ?? attack.x + 1) - attack.x),
      height: Math.max(1, (box?.bottom ?? attack.y + 1) - attack.y),
    };
    this.patch = { width: attack.width ?? own.width, height: attack.height ?? own.height };
    const cut = h('canvas');
    cut.width = this.patch.width;
    cut.height = this.patch.height;
    cut.getContext('2d')?.drawImage(first[1], -attack.x, -attack.y);
    this.layers = { below: first[0], patch: cut };
    this.canvas.width = width;
    this.canvas.height = height;
    // Lengths are set from script: the page's policy forbids style attributes, not this.
    this.stage.style.width = `${width * this.scale}px`;
    this.stage.style.height = `${height * this.scale}px`;
    if (this.grabbed === null) this.moveTo(now.x, now.y, true);
  }

  private moveTo(x: number, y: number, always = false): void {
    const next = placeInside(x, y, this.patch, this.image);
    if (!always && next.x === this.at.x && next.y === this.at.y) return;
    this.at = next;
    const { style } = this.handle;
    style.left = `${next.x * this.scale}px`;
    style.top = `${next.y * this.scale}px`;
    style.width = `${this.patch.width * this.scale}px`;
    style.height = `${this.patch.height * this.scale}px`;
    const where = `${next.x} from the left, ${next.y} from the top`;
    this.handle.setAttribute(
      'aria-label',
      `Patch of ${this.patch.width} × ${this.patch.height} pixels, ${where}. Arrow keys move it.`,
    );
    const context = this.canvas.getContext('2d');
    if (context === null || this.layers === null) return;
    context.drawImage(this.layers.below, 0, 0);
    context.drawImage(this.layers.patch, next.x, next.y);
  }

  private place(): void {
    const { x, y } = this.at;
    this.announcer.say('placer', `Patch ${x} from the left, ${y} from the top.`);
    this.onPlace(x, y);
  }

  private pixelUnder(event: PointerEvent): Position {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: (event.clientX - left) / this.scale, y: (event.clientY - top) / this.scale };
  }
}

async function decode(png: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = pngAddress(png);
  await image.decode();
  return image;
}

function pixels(image: HTMLImageElement): Uint8ClampedArray {
  const canvas = h('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return new Uint8ClampedArray();
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}
