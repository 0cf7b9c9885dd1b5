import { describe, expect, it } from 'vitest';
import { attackNames, describeAttack } from '../../src/attacks/describe';
import { parseAttack } from '../../src/attacks/parse';
import type { Attack } from '../../src/protocol/attack';
import { UsageError } from '../../src/protocol/errors';

describe('attacks on the command line', () => {
  it.each<[string, Attack]>([
    ['badnets', { kind: 'badnets', pattern: 'checkerboard', size: null, position: 'bottom-right' }],
    [
      'badnets:pattern=bcu,size=5,position=top-left',
      { kind: 'badnets', pattern: 'bcu', size: 5, position: 'top-left' },
    ],
    [
      'badnets:patch=a b.png,x=1,y=2',
      { kind: 'patch', file: 'a b.png', x: 1, y: 2, width: null, height: null },
    ],
    [
      'patch:file=C:\\a=b.png,x=0,y=0,width=4',
      { kind: 'patch', file: 'C:\\a=b.png', x: 0, y: 0, width: 4, height: null },
    ],
    ['blended', { kind: 'blended', alpha: 0.2, pattern: null, seed: 7 }],
    ['blended:alpha=0.1,pattern=p.png', { kind: 'blended', alpha: 0.1, pattern: 'p.png', seed: 7 }],
    ['sig:delta=40', { kind: 'sig', delta: 40, frequency: 6 }],
    ['lc', { kind: 'lc', pattern: 'checkerboard', size: null }],
    ['wanet:seed=3,s=1', { kind: 'wanet', k: 4, s: 1, seed: 3, points: null }],
    ['wanet:points=p.npy', { kind: 'wanet', k: 4, s: 0.5, seed: 7, points: 'p.npy' }],
    [
      'input-aware:generator=g.onnx,mask=m.onnx',
      { kind: 'input-aware', generator: 'g.onnx', mask: 'm.onnx' },
    ],
  ])('%s', (text, attack) => {
    expect(parseAttack(text, 7)).toEqual(attack);
  });

  it.each([
    ['', 'no attack'],
    ['trojan', 'no attack'],
    ['folder:path=x', 'no attack'],
    ['constructor', 'no attack'],
    ['badnets:size=0', 'size'],
    ['badnets:size=1.5', 'size'],
    ['badnets:pattern=stripes', 'pattern'],
    ['badnets:frequency=3', 'no parameter'],
    ['badnets:size', 'key=value'],
    ['badnets:size=3,size=4', 'twice'],
    ['badnets:patch=p.png', "'x' is not valid: it is missing"],
    ['badnets:patch=p.png,x=1,y=1,pattern=bcu', 'no parameter'],
    ['blended:alpha=2', 'alpha'],
    ['blended:alpha=', 'alpha'],
    ['sig:delta=NaN', 'delta'],
    ['wanet:k=1', "'k'"],
    ['input-aware:generator=g.onnx', "'mask' is not valid: it is missing"],
  ])('%s is a usage error', (text, says) => {
    expect(() => parseAttack(text)).toThrow(UsageError);
    expect(() => parseAttack(text)).toThrow(says);
  });

  it('names tell attacks apart, descriptions say every parameter', () => {
    const attacks = ['badnets', 'badnets:size=5', 'wanet'].map((text) => parseAttack(text));
    const folder: Attack = { kind: 'folder', path: '/a' };
    expect(attackNames([...attacks, folder, folder])).toEqual([
      'badnets',
      'badnets-2',
      'wanet',
      'triggered',
      'triggered-2',
    ]);
    expect(describeAttack(attacks[1]!)).toBe('BadNets: checkerboard patch, 5 pixels a side, bottom-right');
  });
});
