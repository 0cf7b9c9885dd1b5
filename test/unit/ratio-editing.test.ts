import { describe, expect, it } from 'vitest';
import {
  redrawnShareOf,
  scaledToShare,
  withRatio,
  withRatioHeld,
  type LayerRatios,
} from '../../src/protocol/ratio-editing';
import { parseRatioFile, ratioFile } from '../../src/protocol/ratio-file';
import { random } from '../webview/fixtures';
import { edited, gestureEnded, redone, startHistory, undone } from '../../webview/cleansing/history';

const close = (actual: LayerRatios, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, at) => expect(actual[at]).toBeCloseTo(value, 12));
};

describe('the share of weights that is re-drawn', () => {
  it('weighs each layer by its number of weights', () => {
    // (100·0.1 + 300·0.5) / 400
    expect(redrawnShareOf([100, 300], [0.1, 0.5])).toBeCloseTo(0.4, 12);
    expect(redrawnShareOf([], [])).toBe(0);
    expect(redrawnShareOf([0, 0], [1, 1])).toBe(0);
  });

  it('can be set: all rows grow in proportion, a full one hands on what it cannot take', () => {
    close(scaledToShare([100, 300], [0.1, 0.5], 0.2), [0.05, 0.25]);
    // 0.9 of 400 are 360: the second layer is full at 300, the first takes the other 60.
    close(scaledToShare([100, 300], [0.1, 0.5], 0.9), [0.6, 1]);
    close(scaledToShare([100, 300], [0.1, 0.5], 1), [1, 1]);
    close(scaledToShare([100, 300], [0.1, 0.5], 0), [0, 0]);
    // Nothing to scale: the rest goes evenly to the rows at 0.
    close(scaledToShare([100, 300], [0, 0], 0.3), [0.3, 0.3]);
    close(scaledToShare([100, 100, 200], [0, 0.5, 0], 0.5), [1 / 3, 1, 1 / 3]);
  });
});

describe('rows that move', () => {
  it('are set alone, or as a stage, within 0 and 1', () => {
    close(withRatio([0.1, 0.2, 0.3], [1], 0.9), [0.1, 0.9, 0.3]);
    close(withRatio([0.1, 0.2, 0.3], [0, 2], 7), [1, 0.2, 1]);
  });

  it('leave the held share alone: the others make up for them in proportion', () => {
    // 400·0.4 = 160 re-drawn; the first at 0.7 takes 70 of them, the others share 90 as 1 : 3 of weights × ratios.
    const edit = withRatioHeld([100, 100, 200], [0.1, 0.3, 0.6], [0], 0.7);
    expect(edit.limitedTo).toBeNull();
    close(edit.ratios, [0.7, (0.3 * 90) / 150, (0.6 * 90) / 150]);
  });

  it('stop where the others cannot make up for them, and say so', () => {
    // 50 re-drawn in all, so that a layer of 100 can go no higher than 0.5.
    const up = withRatioHeld([100, 100], [0.2, 0.3], [0], 0.9);
    expect(up.limitedTo).toBeCloseTo(0.5, 12);
    close(up.ratios, [0.5, 0]);
    // 150 re-drawn: the other can take 100 of them, so that 50 must stay.
    const down = withRatioHeld([100, 100], [0.9, 0.6], [0], 0);
    expect(down.limitedTo).toBeCloseTo(0.5, 12);
    close(down.ratios, [0.5, 1]);
    // Moving everything moves nothing.
    const all = withRatioHeld([100, 100], [0.5, 0.5], [0, 1], 0.9);
    close(all.ratios, [0.5, 0.5]);
    expect(all.limitedTo).toBeCloseTo(0.5, 12);
  });

  it('hold the share whatever moves, on any network', () => {
    const next = random(11);
    for (let round = 0; round < 500; round += 1) {
      const weights = Array.from({ length: 2 + Math.floor(next() * 8) }, () => 1 + Math.floor(next() * 9000));
      const ratios = weights.map(() => (next() < 0.2 ? 0 : next() < 0.1 ? 1 : next()));
      const share = redrawnShareOf(weights, ratios);
      const at = Math.floor(next() * weights.length);
      const asked = next();
      const { ratios: moved, limitedTo } = withRatioHeld(weights, ratios, [at], asked);
      expect(redrawnShareOf(weights, moved)).toBeCloseTo(share, 9);
      for (const ratio of moved) expect(ratio >= 0 && ratio <= 1).toBe(true);
      expect(moved[at]).toBeCloseTo(limitedTo ?? asked, 9);
      const target = next();
      expect(redrawnShareOf(weights, scaledToShare(weights, ratios, target))).toBeCloseTo(target, 9);
    }
  });
});

describe('ratios in a file', () => {
  const names = ['/conv1/Conv', '__proto__', 'fc'];

  it('come back as they were saved, whatever the layers are called', () => {
    const ratios = [0.01, 0.123456789, 1];
    expect(parseRatioFile(ratioFile(names, ratios), 'r.json', names, [0, 0, 0])).toEqual(ratios);
  });

  it('keep the default where a layer is not named', () => {
    expect(parseRatioFile('{"fc": 0.5}', 'r.json', names, [0.1, 0.2, 0.3])).toEqual([0.1, 0.2, 0.5]);
  });

  it.each([
    ['{', 'r.json is not JSON.'],
    ['[0.1]', 'must hold an object'],
    ['{"conv9": 0.1}', "does not have: 'conv9'. It has '/conv1/Conv', '__proto__', 'fc'"],
    ['{"fc": 1.5}', 'The ratio of fc must be a number from 0 to 1, not 1.5.'],
    ['{"fc": "0.5"}', 'not "0.5"'],
  ])('are refused with the reason: %s', (json, reason) => {
    expect(() => parseRatioFile(json, 'r.json', names, [0, 0, 0])).toThrow(reason);
  });
});

describe('undo and redo', () => {
  it('go back and forth, and forget what was undone once something else is done', () => {
    const one = edited(startHistory('a'), null, () => 'b');
    const two = edited(one, null, (base) => `${base}c`);
    expect(two.present).toBe('bc');
    const back = undone(undone(two)!)!;
    expect(back.present).toBe('a');
    expect(undone(back)).toBeNull();
    expect(redone(redone(back)!)!.present).toBe('bc');
    const other = edited(back, null, () => 'z');
    expect(redone(other)).toBeNull();
    expect(undone(other)!.present).toBe('a');
  });

  it('take a gesture as one step that starts from where it began', () => {
    let history = startHistory([0.2, 0.8]);
    for (const x of [0.5, 0.9, 0.4]) history = edited(history, 'row 0', ([, other]) => [x, other! - x / 2]);
    expect(history.present).toEqual([0.4, 0.6000000000000001]);
    expect(undone(history)!.present).toEqual([0.2, 0.8]);
    const next = edited(gestureEnded(history), 'row 0', ([, other]) => [0, other!]);
    expect(undone(next)!.present).toEqual(history.present);
  });

  it('do not count an edit that changes nothing', () => {
    const history = startHistory('a');
    expect(edited(history, null, (base) => base)).toBe(history);
  });
});
