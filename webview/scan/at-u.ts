import type { Audit, Histogram, Layer, Outlier } from '../../src/protocol/scan';
import { largestPossibleZ, outliersAt, thresholdAt } from '../../src/protocol/threshold';

/** A layer as it stands at one u. */
export interface LayerAtU {
  readonly layer: Layer;
  readonly histogram: Histogram;
  readonly threshold: number | null;
  readonly outliers: readonly Outlier[];
  /** True where the layer has too few channels for any of them to lie above mean + u·std, whatever its weights. */
  readonly unreachable: boolean;
}

/** A scan as it stands at one u: everything the panel shows that moves with the slider. */
export interface AuditAtU {
  readonly u: number;
  readonly layers: readonly LayerAtU[];
  readonly scored: readonly LayerAtU[];
  readonly skipped: readonly LayerAtU[];
  /** Channels of the layers that were scored. */
  readonly channels: number;
  readonly outliers: number;
  readonly layersWithOutliers: number;
  readonly unreachable: number;
  readonly largestZ: number | null;
}

/** Applies u to a scan. Linear in the number of channels, so that a slider can call it for every frame. */
export function auditAtU(audit: Audit, u: number): AuditAtU {
  const layers = audit.report.layers.map((layer, index): LayerAtU => {
    const histogram = audit.histograms[index] ?? { edges: [], counts: [] };
    if (layer.status === 'skipped')
      return { layer, histogram, threshold: null, outliers: [], unreachable: false };
    return {
      layer,
      histogram,
      threshold: thresholdAt(layer, u),
      outliers: outliersAt(layer, u),
      unreachable: u >= largestPossibleZ(layer.channels),
    };
  });
  const scored = layers.filter(({ layer }) => layer.status === 'scored');
  let outliers = 0;
  let largestZ: number | null = null;
  for (const layer of scored) {
    outliers += layer.outliers.length;
    for (const { z } of layer.outliers) if (largestZ === null || z > largestZ) largestZ = z;
  }
  return {
    u,
    layers,
    scored,
    skipped: layers.filter(({ layer }) => layer.status === 'skipped'),
    channels: scored.reduce((sum, { layer }) => sum + layer.channels, 0),
    outliers,
    layersWithOutliers: scored.filter((layer) => layer.outliers.length > 0).length,
    unreachable: scored.filter((layer) => layer.unreachable).length,
    largestZ,
  };
}
