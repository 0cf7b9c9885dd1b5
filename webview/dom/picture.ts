import { h } from './element';

/** How many pixels of the page a pixel of an image takes, so that its longer side is at least `shown` long: whole, from 1. */
export function scaleFor(width: number, height: number, shown: number): number {
  return Math.max(1, Math.ceil(shown / Math.max(width, height, 1)));
}

/** A PNG from the engine, enlarged without smoothing: a trigger of one pixel must be seen as one. */
export function picture(
  png: string,
  width: number,
  height: number,
  scale: number,
  alt: string,
): HTMLImageElement {
  const image = h('img', { class: 'picture', attributes: { alt } });
  image.src = pngAddress(png);
  image.width = width * scale;
  image.height = height * scale;
  return image;
}

/** The address of a PNG in base64, which the page's policy allows. */
export function pngAddress(png: string): string {
  return `data:image/png;base64,${png}`;
}
