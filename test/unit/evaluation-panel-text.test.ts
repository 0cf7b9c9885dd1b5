import { describe, expect, it } from 'vitest';
import { changedBox, placeInside, unite } from '../../webview/text/changed-box';
import { rankCorrelation } from '../../webview/text/correlation';
import { describePreprocessing } from '../../webview/text/preprocessing-words';
import { className, modelNames } from '../../webview/evaluation/report/view';
import { ATTACK_FORMS, parameter } from '../../webview/evaluation/attack-forms';
import { DEFAULT_ATTACKS } from '../../src/protocol/attack';
import * as fixtures from '../webview/evaluation-fixtures';

const rgba = (...colours: number[][]): Uint8ClampedArray =>
  Uint8ClampedArray.from(colours.flatMap((colour) => [...colour, 255]));

describe('where a trigger changes an image', () => {
  const black = [0, 0, 0];
  const red = [1, 0, 0];
  const before = rgba(black, black, black, black, black, black);

  it('is the smallest rectangle around every changed pixel', () => {
    const after = rgba(black, red, black, black, black, red);
    expect(changedBox(before, after, 3)).toEqual({ left: 1, top: 0, right: 3, bottom: 2 });
    expect(changedBox(before, before, 3)).toBeNull();
  });

  it('unites what several images show', () => {
    const a = { left: 2, top: 3, right: 4, bottom: 5 };
    expect(unite(a, { left: 1, top: 4, right: 3, bottom: 9 })).toEqual({
      left: 1,
      top: 3,
      right: 4,
      bottom: 9,
    });
    expect(unite(null, a)).toBe(a);
    expect(unite(null, null)).toBeNull();
  });

  it('stays inside the image', () => {
    const image = { width: 32, height: 32 };
    expect(placeInside(40.2, -3, { width: 3, height: 3 }, image)).toEqual({ x: 29, y: 0 });
    expect(placeInside(4.6, 4.4, { width: 3, height: 3 }, image)).toEqual({ x: 5, y: 4 });
    expect(placeInside(4, 4, { width: 64, height: 3 }, image)).toEqual({ x: 0, y: 4 });
  });
});

describe('rank correlation', () => {
  // scipy.stats.spearmanr gives these.
  it('agrees with SciPy, ties included', () => {
    expect(rankCorrelation([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
    expect(rankCorrelation([1, 1, 2, 3], [4, 3, 2, 2])).toBeCloseTo(-0.888888888888889, 12);
    expect(rankCorrelation([1, 2, 3], [10, 100, 1000])).toBeCloseTo(1, 12);
  });

  it('is not defined for one value, or a constant', () => {
    expect(rankCorrelation([1], [2])).toBeNull();
    expect(rankCorrelation([1, 1], [2, 3])).toBeNull();
    expect(rankCorrelation([1, 2], [2])).toBeNull();
  });
});

describe('words of a report', () => {
  it('tells models of the same name apart, and shows hidden characters', () => {
    const report = fixtures.report();
    expect(modelNames(report)).toEqual(['badnets.onnx', 'badnets.pruned.onnx']);
    const models = [
      { ...report.models[0]!, path: '/a/net.onnx' },
      { ...report.models[1]!, path: 'C:\\b\\net.onnx' },
    ];
    expect(modelNames({ ...report, models })).toEqual(['a/net.onnx', 'b/net.onnx']);
    expect(className({ ...report, classes: ['a\u202eb'] }, 0)).toBe('0 a\\u{202e}b');
    expect(className({ ...report, classes: null }, 3)).toBe('class 3');
  });

  it('spells out how an image becomes an input', () => {
    const { preprocessing } = fixtures.report();
    expect(describePreprocessing(preprocessing)).toBe(
      'inputs 32 × 32; RGB; NCHW; mean 0.4914, 0.4822, 0.4465, std 0.247, 0.243, 0.261 (from preprocessor_config.json).',
    );
    expect(describePreprocessing({ ...preprocessing, resize: 256, mean: [], std: [] })).toBe(
      'inputs 32 × 32 cut from the centre at short side 256; RGB; NCHW; scaled to 0…1 only.',
    );
  });

  it('has a field for every parameter of every attack', () => {
    for (const attack of Object.values(DEFAULT_ATTACKS)) {
      const names = ATTACK_FORMS[attack.kind].fields.map(({ name }) => name);
      expect(new Set(['kind', ...names])).toEqual(new Set(Object.keys(attack)));
    }
    expect(parameter(DEFAULT_ATTACKS.sig, 'delta')).toBe(20);
    expect(parameter(DEFAULT_ATTACKS.sig, 'constructor')).toBeNull();
  });
});
