import { describe, expect, test } from 'vitest';
import { auditAtU } from '../../webview/scan/at-u';
import { binOf, sharedBins, splitBins } from '../../webview/scan/bins';
import { describeLayer, histogramOf } from '../../webview/scan/layer-chart';
import { changedChannels, incomparable, matchLayers } from '../../webview/scan/match';
import * as sentences from '../../webview/text/summary';
import { auditFrom, hostileAudit, largeAudit, referenceAudit, scoredLayer } from '../webview/fixtures';

const ramp = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
const withOutlier = [...ramp(20), 60];

describe('a scan at u', () => {
  test.skipIf(referenceAudit('clean') === null)(
    'counts the outliers of the reference networks (skipped where ../shared is absent)',
    () => {
      expect(auditAtU(referenceAudit('badnets')!, 3).outliers).toBe(19);
      const clean = auditAtU(referenceAudit('clean')!, 3);
      expect([clean.outliers, clean.channels]).toEqual([18, 2400]);
      expect(clean.largestZ).toBeCloseTo(4.5, 1);
    },
  );

  test('a layer with too few channels can never be flagged', () => {
    // (n − 1)/√n is 2.85 for n = 10 and 3.02 for n = 11 (METHODS.md §1).
    const extreme = (n: number): number[] => [...new Array<number>(n - 1).fill(1), 1000];
    const view = (n: number): ReturnType<typeof auditAtU> =>
      auditAtU(auditFrom([scoredLayer('a', extreme(n))]), 3);
    expect([view(10).unreachable, view(10).outliers]).toEqual([1, 0]);
    expect([view(11).unreachable, view(11).outliers]).toEqual([0, 1]);
  });

  test('skipped layers have neither threshold nor outliers', () => {
    const view = auditAtU(largeAudit(), 0);
    expect(view.skipped).toHaveLength(2);
    expect(view.skipped.every(({ threshold, outliers }) => threshold === null && outliers.length === 0)).toBe(
      true,
    );
  });
});

describe('bins', () => {
  test('a value on an edge belongs to the bin above it, the last edge to the last bin', () => {
    const edges = [0, 1, 2, 3];
    expect([-1, 0, 0.5, 1, 2.999, 3, 9].map((value) => binOf(edges, value))).toEqual([0, 0, 0, 1, 2, 2, 2]);
  });
  test('splitting loses no channel and invents no outlier', () => {
    for (const layer of auditAtU(largeAudit(), 1.3).scored) {
      const bins = splitBins(layer.histogram, layer.outliers);
      expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(layer.layer.channels);
      expect(bins.reduce((sum, { outliers }) => sum + outliers, 0)).toBe(layer.outliers.length);
    }
  });
  test('no bins, no crash', () => {
    expect(splitBins({ edges: [], counts: [] }, [{ uclc: 1 }])).toEqual([]);
    expect(sharedBins([null], [], 4)).toEqual({ edges: [], left: [], right: [] });
  });
  test('two models share their bins', () => {
    const { edges, left, right } = sharedBins([0, 1, 2, null], [4, 4], 4);
    expect([edges, left, right]).toEqual([
      [0, 1, 2, 3, 4],
      [1, 1, 1, 0],
      [0, 0, 0, 2],
    ]);
  });
  test('equal values still make an axis', () => {
    const layer = auditAtU(auditFrom([scoredLayer('a', [2, 2, 2])]), 3).layers[0]!;
    const { axis } = histogramOf(layer);
    expect(axis.max).toBeGreaterThan(axis.min);
  });
});

describe('sentences', () => {
  const audit = auditFrom([scoredLayer('a', withOutlier), scoredLayer('b', ramp(8))]);
  test('say what was scored and found', () => {
    expect(sentences.scored(auditAtU(audit, 3))).toBe(
      'All 2 convolutions were scored: 29 channels. At u = 3.0, 1 channel in 1 layer lies above mean + 3.0 · std of their layer; the largest z-score is 3.85.',
    );
    expect(sentences.scored(auditAtU(audit, 9))).toContain('At u = 9.0 no channel lies above');
  });
  test('say what could not be tested', () => {
    expect(sentences.untested(auditAtU(audit, 3))).toBe(
      '1 layer has too few channels for any of them to be flagged at this u.',
    );
    expect(sentences.untested(auditAtU(audit, 1))).toBeNull();
    expect(sentences.untested(auditAtU(hostileAudit(), 1))).toContain('1 layer was not scored');
  });
  test('never say "clean"', () => {
    const views = [auditAtU(audit, 0), auditAtU(audit, 10), auditAtU(auditFrom([]), 3)];
    const all = [
      ...views.flatMap((view) => [
        sentences.scored(view),
        sentences.untested(view),
        sentences.announcementAtU(view),
      ]),
      sentences.CLP_LIMITS,
      sentences.OUTLIERS_PROVE_NOTHING,
      ...sentences.NOT_APPLICABLE,
    ];
    expect(all.join(' ')).not.toMatch(/\bclean/i);
    expect(sentences.OUTLIERS_PROVE_NOTHING).toMatch(/18 of 2,400.*19/);
  });
  test('a chart in words', () => {
    const layer = auditAtU(audit, 3).layers[0]!;
    expect(describeLayer(layer, 3)).toMatch(
      /^Histogram of UCLC in a: 21 channels, mean 12\.86, threshold [\d.]+ at u = 3\.0, 1 outlier\.$/,
    );
  });
});

describe('comparison', () => {
  const left = auditFrom([
    scoredLayer('a', ramp(12)),
    scoredLayer('b', ramp(12)),
    scoredLayer('old', ramp(12)),
  ]);
  const pruned = ramp(12).map((value, channel) =>
    channel === 4 ? 0 : channel === 6 ? value + 0.5 : value * (1 + 1e-9),
  );
  const right = auditFrom([
    scoredLayer('b', ramp(16)),
    scoredLayer('a', pruned),
    scoredLayer('new', ramp(12)),
  ]);
  const pairs = matchLayers(auditAtU(left, 3), auditAtU(right, 3));

  test('layers are matched by name', () => {
    expect(pairs.map((pair) => [pair.name, incomparable(pair)])).toEqual([
      ['a', null],
      ['b', 'different numbers of channels'],
      ['old', 'only in A'],
      ['new', 'only in B'],
    ]);
  });
  test('channels that differ, rounding aside', () => {
    expect(changedChannels(pairs)).toEqual([
      { layer: 'a', channel: 4, left: 5, right: 0, delta: -5, kind: 'zero in B' },
      { layer: 'a', channel: 6, left: 7, right: 7.5, delta: 0.5, kind: 'changed' },
    ]);
  });
});
