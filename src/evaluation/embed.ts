import { UMAP } from 'umap-js';
import { Random } from '../data/random';

const NEIGHBOURS = 15;
const EPOCHS_BETWEEN_TICKS = 10;
/** Points that UMAP needs at least to have neighbourhoods to keep. */
export const LEAST_POINTS = 5;

/**
 * Lays points out in the plane by UMAP (McInnes, Healy and Melville, 2018), 15 neighbours, Euclidean. `rows`: one feature
 * vector a point, all finite. The same seed gives the same layout. `onStep` is given 0…1 and may throw CancelledError.
 * Throws RangeError for fewer than 5 points.
 */
export async function embed(
  rows: readonly Float32Array[],
  seed: number,
  onStep: (fraction: number) => Promise<void>,
): Promise<{ x: number; y: number }[]> {
  if (rows.length < LEAST_POINTS) throw new RangeError(`${rows.length} points are too few to embed.`);
  const random = new Random(seed);
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(NEIGHBOURS, rows.length - 1),
    random: () => random.uniform(),
  });
  const epochs = umap.initializeFit(rows.map((row) => Array.from(row)));
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (epoch % EPOCHS_BETWEEN_TICKS === 0) await onStep(epoch / epochs);
  }
  return umap.getEmbedding().map(([x, y]) => ({ x: x!, y: y! }));
}
