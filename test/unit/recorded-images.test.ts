import { expect, test } from 'vitest';
import { recordedImageSize, recordedPreprocessing } from '../../src/model/onnx/recorded';

const size = (...entries: [string, string][]) => recordedImageSize({ metadata: new Map(entries) });
const trained = (height: unknown, width: unknown) => JSON.stringify({ preprocessing: { height, width } });

test('what the model is usually given', () => {
  expect(size(['scour.image-size', '224x192'])).toEqual({ height: 224, width: 192 });
  expect(size()).toBeNull();
});

test('what it was trained on last goes before', () => {
  expect(
    size(
      ['scour.image-size', '224x224'],
      ['scour.provenance', trained(32, 32)],
      ['scour.provenance.2', trained(64, 48)],
      ['scour.provenance.3', '{"method":"CLP","u":3}'],
    ),
  ).toMatchObject({ height: 64, width: 48 });
});

test.each(['', '0x32', '32', '-1x32', '99999x1', '9000x32', '32x32x32', '1e3x1'])('%j is no size', (text) => {
  expect(size(['scour.image-size', text])).toBeNull();
});

test.each(['', '{', '[]', 'null', trained('32', 32), trained(0, 32), trained(1e9, 32), trained(32.5, 32)])(
  'provenance %j says none',
  (text) => {
    expect(size(['scour.provenance', text])).toBeNull();
  },
);

const PREPROCESSING = {
  ...{ height: 32, width: 32, resize: null, filter: 'bilinear', layout: 'nchw', channels: 'rgb' },
  ...{ mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261], source: 'options' },
};

test('how images became the input of the last training', () => {
  const noted = (preprocessing: unknown) => JSON.stringify({ method: 'BCU', preprocessing });
  expect(
    recordedPreprocessing([
      ['scour.provenance', noted(PREPROCESSING)],
      ['scour.provenance.2', '{"method":"CLP","u":3}'],
    ]),
  ).toEqual(PREPROCESSING);
  expect(recordedPreprocessing([['scour.provenance', noted({ ...PREPROCESSING, mean: ['0'] })]])).toBeNull();
  expect(recordedPreprocessing([['someone.else', noted(PREPROCESSING)]])).toBeNull();
  expect(recordedPreprocessing([])).toBeNull();
});
