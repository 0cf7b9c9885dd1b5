import { describe, expect, test } from 'vitest';
import { classCounts, mostPredicted } from '../../webview/text/classes';
import {
  baseName,
  formatBytes,
  formatCount,
  formatDelta,
  formatKernel,
  formatPercent,
  formatStatistic,
  formatTimeLeft,
  formatU,
  formatZ,
  plural,
} from '../../webview/text/format';
import {
  fieldsOf,
  parsePreprocessing,
  type PreprocessingFields,
} from '../../webview/text/preprocessing-form';
import { compareValues, sortRows } from '../../webview/text/sort';
import { visible } from '../../src/protocol/wording';

describe('visible', () => {
  test.each([
    ['layer1.0.conv1', 'layer1.0.conv1'],
    ['слой-第一-🙂', 'слой-第一-🙂'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['\u0000\u001b[31m', '\\u{0}\\u{1b}[31m'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['line\u2028break\nnew', 'line\\u{2028}break\\u{a}new'],
    ['\u2066x\u2069\u061c', '\\u{2066}x\\u{2069}\\u{61c}'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['half\ud800', 'half\\u{d800}'],
    ['<b>&amp;', '<b>&amp;'],
  ])('%j is shown as %j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  test('long text keeps its ends', () => {
    const shown = visible(`${'a'.repeat(5000)}${'b'.repeat(5000)}`);
    expect(shown).toBe(`${'a'.repeat(150)}…${'b'.repeat(150)}`);
  });
});

describe('numbers', () => {
  test('counts and plurals', () => {
    expect(formatCount(2400)).toBe('2,400');
    expect(plural(1, 'channel')).toBe('1 channel');
    expect(plural(0, 'class', 'classes')).toBe('0 classes');
  });
  test.each([
    [null, 'not finite'],
    [0, '0'],
    [0.3976490046, '0.3976'],
    [12345.678, '12350'],
    [1.5e9, '1.500e+9'],
    [0.00001234, '1.234e-5'],
  ])('statistic %s is %s', (value, expected) => {
    expect(formatStatistic(value)).toBe(expected);
  });
  test('differences carry their sign', () => {
    expect([formatDelta(0.5), formatDelta(-0.5), formatDelta(0), formatDelta(null)]).toEqual([
      '+0.5',
      '−0.5',
      '0',
      '–',
    ]);
  });
  test('u, z, percent, kernel', () => {
    expect([formatU(3), formatU(2.5), formatU(0.30000000000000004), formatU(1.25)]).toEqual([
      '3.0',
      '2.5',
      '0.3',
      '1.25',
    ]);
    expect([formatZ(4.6123), formatZ(Infinity)]).toEqual(['4.61', '∞']);
    expect(formatPercent(84.46)).toBe('84.5 %');
    expect([formatKernel([3, 3]), formatKernel([])]).toEqual(['3 × 3', '–']);
  });
  test.each([
    [0, '0 bytes'],
    [1023, '1,023 bytes'],
    [1024, '1.0 KB (1,024 bytes)'],
    [11_182_345, '10.7 MB (11,182,345 bytes)'],
    [3 * 1024 ** 4, '3.0 TB (3,298,534,883,328 bytes)'],
    [1024 ** 5, '1024.0 TB (1,125,899,906,842,624 bytes)'],
  ])('%d bytes', (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });
  test.each([
    [null, null],
    [Number.NaN, null],
    [-1, null],
    [0.2, 'about a second left'],
    [12.4, 'about 12 seconds left'],
    [61, 'about 1 minute left'],
    [3599, 'about 1 hour left'],
    [7500, 'about 2 hours 5 minutes left'],
  ])('time left of %s s', (seconds, expected) => {
    expect(formatTimeLeft(seconds)).toBe(expected);
  });
  test('last part of a path of either platform', () => {
    expect(['/a/b.onnx', 'C:\\a\\b.onnx', 'b.onnx', '/'].map(baseName)).toEqual([
      'b.onnx',
      'b.onnx',
      'b.onnx',
      '/',
    ]);
  });
});

describe('sorting', () => {
  test('numbers inside names count by value', () => {
    expect(sortRows(['layer10', 'layer2', 'Layer1'], (row) => row, 'ascending')).toEqual([
      'Layer1',
      'layer2',
      'layer10',
    ]);
  });
  test('what is missing comes last in either direction', () => {
    const rows = [3, null, 1, 2];
    expect(sortRows(rows, (row) => row, 'ascending')).toEqual([1, 2, 3, null]);
    expect(sortRows(rows, (row) => row, 'descending')).toEqual([3, 2, 1, null]);
  });
  test('equal rows keep their order', () => {
    const rows = ['b1', 'a1', 'b2', 'a2'];
    expect(sortRows(rows, (row) => row[1]!, 'descending')).toEqual(['b2', 'a2', 'b1', 'a1']);
  });
  test('numbers come before text', () => {
    expect(compareValues(1, 'a', 'ascending')).toBe(-1);
    expect(compareValues('a', 1, 'descending')).toBe(1);
  });
});

describe('preprocessing form', () => {
  const EMPTY: PreprocessingFields = {
    height: '',
    width: '',
    crop: '',
    layout: '',
    channels: '',
    mean: '',
    std: '',
  };
  test('an empty form decides nothing', () => {
    expect(parsePreprocessing(EMPTY)).toEqual({ ok: true, options: {} });
  });
  test('a full form, and back', () => {
    const fields = {
      height: '224',
      width: '192',
      crop: '',
      layout: 'nhwc',
      channels: 'bgr',
      mean: '0.485, 0.456 0.406',
      std: '0.229;0.224;0.225',
    };
    const parsed = parsePreprocessing(fields);
    expect(parsed).toEqual({
      ok: true,
      options: {
        size: [224, 192],
        layout: 'nhwc',
        channels: 'bgr',
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
    });
    if (!parsed.ok) return;
    expect(fieldsOf(parsed.options)).toEqual({
      ...fields,
      mean: '0.485, 0.456, 0.406',
      std: '0.229, 0.224, 0.225',
    });
  });
  test('with a crop, height and width are the short side', () => {
    expect(parsePreprocessing({ ...EMPTY, height: '256', width: '256', crop: '224' })).toEqual({
      ok: true,
      options: { size: [256, 256], crop: 224 },
    });
  });
  test.each<[string, Partial<PreprocessingFields>, string[]]>([
    ['two sides and a crop', { height: '256', width: '300', crop: '224' }, ['width']],
    ['a crop larger than the image', { height: '200', width: '200', crop: '224' }, ['crop']],
    ['one side only', { height: '32' }, ['width']],
    ['not a number', { height: 'x', width: '32' }, ['height']],
    ['half a pixel', { crop: '31.5' }, ['crop']],
    ['too large', { crop: '8193' }, ['crop']],
    ['two means', { mean: '0.1, 0.2' }, ['mean']],
    ['words', { mean: 'a, b, c' }, ['mean']],
    ['zero std', { std: '0.2, 0, 0.2' }, ['std']],
    ['one mean, three std', { mean: '0.5', std: '0.2, 0.2, 0.2' }, ['std']],
  ])('%s', (_name, fields, expected) => {
    const parsed = parsePreprocessing({ ...EMPTY, ...fields });
    expect(parsed.ok ? [] : [...parsed.errors.keys()]).toEqual(expected);
  });
});

describe('classes', () => {
  test('classes that neither model predicts are left out', () => {
    expect(classCounts([3, 0, 1], [0, 0, 4, 2])).toEqual([
      { index: 0, original: 3, pruned: 0 },
      { index: 2, original: 1, pruned: 4 },
      { index: 3, original: 0, pruned: 2 },
    ]);
  });
  test('the most predicted, in class order', () => {
    const counts = classCounts([1, 9, 2, 5], [1, 0, 8, 0]);
    expect(mostPredicted(counts, 2).map(({ index }) => index)).toEqual([1, 2]);
  });
});
