/** softmax of N × K logits, row by row. */
export function softmax(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let most = -Infinity;
    for (let k = 0; k < classes; k++) most = Math.max(most, logits[row + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[row + k]! - most);
    for (let k = 0; k < classes; k++) out[row + k] = Math.exp(logits[row + k]! - most) / sum;
  }
  return out;
}

/**
 * Labels guessed from K augmented views of the same N images (Berthelot et al. 2019, eq. 6 and 7): the mean of the views'
 * softmax, each probability raised to 1/T and each row made to sum to 1 again.
 *
 * `views`: N × classes logits each. Returns N × classes probabilities.
 */
export function guessLabels(
  views: readonly Float32Array[],
  classes: number,
  temperature: number,
): Float32Array {
  const probabilities = views.map((logits) => softmax(logits, classes));
  const out = new Float32Array(views[0]!.length);
  for (let i = 0; i < out.length; i++)
    out[i] = probabilities.reduce((sum, view) => sum + view[i]!, 0) / views.length;
  return sharpen(out, classes, temperature);
}

/** pₖ^(1/T) / Σⱼ pⱼ^(1/T), row by row (Berthelot et al. 2019, eq. 7). */
export function sharpen(probabilities: Float32Array, classes: number, temperature: number): Float32Array {
  const out = new Float32Array(probabilities.length);
  for (let row = 0; row < out.length; row += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += probabilities[row + k]! ** (1 / temperature);
    for (let k = 0; k < classes; k++) out[row + k] = probabilities[row + k]! ** (1 / temperature) / sum;
  }
  return out;
}

/** N class numbers as N × classes zeros and ones. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array {
  const out = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) out[i * classes + labels[i]!] = 1;
  return out;
}
