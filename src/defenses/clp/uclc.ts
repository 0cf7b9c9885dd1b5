import type { ChannelScale, ScorableLayer } from './layers';
import { spectralNorms } from './spectral';

/** Elements of a weight read at a time: 1 MiB of float32, which stays in the cache between decoding and summing. */
const CHUNK = 256 * 1024;

/** Channels whose UCLC is not a plain product of finite numbers, by the rule that applied. */
export interface OddChannels {
  /** A weight, γ or v is NaN or infinite: no UCLC. */
  readonly nonFinite: readonly number[];
  /** v = 0: |γ/√v| is infinite, or undefined where γ is 0 too; no UCLC. */
  readonly zeroVariance: readonly number[];
  /** v < 0, which no trained network has: no UCLC. */
  readonly negativeVariance: readonly number[];
}

export interface LayerUclc {
  /** UCLC of each channel; NaN where it has none. */
  readonly uclc: Float64Array;
  readonly odd: OddChannels;
}

/**
 * Upper bound of the Channel Lipschitz Constant (Zheng et al., ECCV 2022, eq. 9): ‖reshape(W[k], C_in/groups, taps)‖₂ ·
 * |γ_k/√v_k|, of every output channel k. Calls `between` after each piece of the weight so that long work can be
 * watched and stopped. Throws ModelError where the weight cannot be read.
 */
export async function layerUclc(
  layer: ScorableLayer,
  between: (done: number) => Promise<void>,
): Promise<LayerUclc> {
  const { channels, rows, taps } = layer;
  const read = layer.open();
  const scale = layer.scale?.() ?? null;
  const uclc = new Float64Array(channels);
  const step = Math.max(1, Math.floor(CHUNK / (rows * taps)));
  for (let start = 0; start < channels; start += step) {
    const count = Math.min(step, channels - start);
    uclc.set(spectralNorms(read(start, count), count, rows, taps), start);
    await between((start + count) / channels);
  }
  return { uclc, odd: rescale(uclc, scale) };
}

/** Multiplies norms by |γ/√v| in place and applies the rules for values that have no such product. */
function rescale(norms: Float64Array, scale: ChannelScale | null): OddChannels {
  const odd = {
    nonFinite: [] as number[],
    zeroVariance: [] as number[],
    negativeVariance: [] as number[],
  };
  norms.forEach((norm, k) => {
    const gamma = scale?.gamma[k] ?? 1;
    const variance = scale?.variance?.[k] ?? 1;
    if (!Number.isFinite(norm) || !Number.isFinite(gamma) || !Number.isFinite(variance)) {
      odd.nonFinite.push(k);
      norms[k] = NaN;
    } else if (variance < 0) {
      odd.negativeVariance.push(k);
      norms[k] = NaN;
    } else if (variance === 0) {
      odd.zeroVariance.push(k);
      norms[k] = NaN;
    } else {
      norms[k] = norm * Math.abs(gamma / Math.sqrt(variance));
    }
  });
  return odd;
}
