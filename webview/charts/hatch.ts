const SIZE = 6;

/** Diagonal stripes: tells a bar apart without relying on its colour. Falls back to the colour alone. */
export function hatch(colour: string, background: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = SIZE;
  tile.height = SIZE;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  if (background !== 'transparent') {
    context.fillStyle = background;
    context.fillRect(0, 0, SIZE, SIZE);
  }
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  // Three strokes so that the stripes meet at the tile's corners.
  for (const shift of [-SIZE, 0, SIZE]) {
    context.moveTo(shift, SIZE);
    context.lineTo(shift + SIZE, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
