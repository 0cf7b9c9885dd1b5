import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import type { Layer } from '../../protocol/scan';
import { outliersAt, thresholdAt } from '../../protocol/threshold';
import { listShort } from '../../protocol/wording';
import type { ConvolutionLayer, LayerHead } from './layers';
import { meanAndStd } from './statistics';
import { layerUclc, type OddChannels } from './uclc';

export interface Scores {
  readonly layers: readonly Layer[];
  readonly findings: readonly Finding[];
}

/** Called with 0…1 of the weights done and the layer at hand; may throw CancelledError. */
export type OnScore = (fraction: number, layer: string) => Promise<void>;

/**
 * Scores every convolution at u (CLP, METHODS.md §1). External data that may not be followed skips its layers with a
 * finding; anything else that cannot be read throws ModelError.
 */
export async function scoreLayers(
  layers: readonly ConvolutionLayer[],
  u: number,
  onScore: OnScore,
): Promise<Scores> {
  const sizes = layers.map((layer) =>
    layer.status === 'scorable' ? layer.channels * layer.rows * layer.taps : 0,
  );
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const scored: Layer[] = [];
  const findings: Finding[] = [];
  let before = 0;
  for (const [i, layer] of layers.entries()) {
    await onScore(before / total, layer.name);
    if (layer.status === 'skipped') {
      scored.push(skipped(layer, layer.reason));
      continue;
    }
    try {
      const { uclc, odd } = await layerUclc(layer, (done) =>
        onScore((before + done * sizes[i]!) / total, layer.name),
      );
      scored.push(summarise(layer, uclc, u, layer.note));
      findings.push(...oddFindings(layer.name, odd));
    } catch (error) {
      const finding = escapeFinding(error, layer);
      if (finding !== null) findings.push(finding);
      const reason = skipReason(error);
      if (reason === null) throw error;
      scored.push(skipped(layer, reason));
    }
    before += sizes[i]!;
  }
  return { layers: scored, findings };
}

/** Layer statistics and outliers at u from the UCLC of its channels (NaN = none). */
function summarise(layer: LayerHead, uclc: Float64Array, u: number, note: string | null): Layer {
  const { mean, std } = meanAndStd(uclc);
  const values = Array.from(uclc, (value) => (Number.isFinite(value) ? value : null));
  const statistics = { mean, std, uclc: values };
  return {
    ...headOf(layer),
    status: 'scored',
    ...(note === null ? {} : { reason: note }),
    ...statistics,
    threshold: thresholdAt(statistics, u),
    outliers: outliersAt(statistics, u),
  };
}

function skipped(layer: LayerHead, reason: string): Layer {
  return {
    ...headOf(layer),
    status: 'skipped',
    reason,
    mean: null,
    std: null,
    threshold: null,
    uclc: [],
    outliers: [],
  };
}

function headOf({
  name,
  weight,
  norm,
  operator,
  kernel,
  groups,
  channels,
  confidence,
}: LayerHead): LayerHead & { kernel: number[] } {
  const head = { name, weight, norm, operator, kernel: [...kernel], groups, channels };
  return confidence === undefined ? head : { ...head, confidence };
}

function escapeFinding(error: unknown, layer: LayerHead): Finding | null {
  if (!(error instanceof ModelError) || error.reason !== 'external-data-escape') return null;
  return { id: 'external-data-escape', level: 'error', message: error.message, tensor: layer.weight };
}

/** Why a layer is left out although the rest of the scan goes on; null where the error must end the scan. */
function skipReason(error: unknown): string | null {
  if (error instanceof ModelError) {
    return error.reason === 'external-data-escape' || error.reason === 'unsupported-type'
      ? error.message
      : null;
  }
  return error instanceof RangeError ? `It cannot be scored: ${error.message}.` : null;
}

function oddFindings(name: string, odd: OddChannels): Finding[] {
  const finding = (
    id: string,
    level: Finding['level'],
    channels: readonly number[],
    what: string,
  ): Finding[] =>
    channels.length === 0
      ? []
      : [{ id, level, message: `Layer '${name}', channels ${listShort(channels)}: ${what}` }];
  return [
    ...finding(
      'non-finite-weight',
      'warning',
      odd.nonFinite,
      'a weight, scale or variance is NaN or infinite; they have no UCLC and were left out of mean and std.',
    ),
    ...finding(
      'negative-variance',
      'warning',
      odd.negativeVariance,
      'the running variance is negative, which no training produces; they have no UCLC and were left out of mean and std.',
    ),
    ...finding(
      'zero-variance',
      'warning',
      odd.zeroVariance,
      'the running variance is 0, so |γ/√v| is no finite number; they have no UCLC and were left out of mean and std.',
    ),
  ];
}
