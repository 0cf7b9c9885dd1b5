/**
 * Standard deviation of a convolution's fresh weights, √(2 / fan): He et al. 2015, eq. 14. `fan`: kh·kw·C_out, of which
 * METHODS.md §2 draws them.
 */
export function heDeviation(fan: number): number {
  return Math.sqrt(2 / fan);
}
