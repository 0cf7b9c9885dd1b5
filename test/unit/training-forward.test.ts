import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { MIXMATCH_LOSS } from '../../src/defenses/asd/mixmatch';
import { crossEntropy, symmetricCrossEntropy } from '../../src/training/losses';
import { adam, sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { Trainer } from '../../src/training/trainer';
import { batchOf, noise, smallNet, trainerIn } from '../support/small-net';
import { HAS_TORCH, NEEDS_TORCH, ONE_THREAD, PYTHON } from '../support/torch';
import { valuesOfAll, worstError } from '../support/training';

const PARAMETERS = ['conv.weight', 'bn.weight', 'bn.bias', 'fc.weight', 'fc.bias'];
const STATISTICS = ['bn.mean', 'bn.var'];
const ROWS = 12;
const PART = 4;

/**
 * The same in PyTorch, from METHODS.md §3: two guesses in training mode without gradient, then a step whose rows go
 * through the network in three parts; soft cross entropy of the labelled rows + λ·MSE of the others.
 */
const REFERENCE = `
import json, sys, torch, torch.nn.functional as F
d = json.load(sys.stdin)
t = lambda name, *shape: torch.tensor(d[name], dtype=torch.float64).reshape(*shape)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1, bias=False), torch.nn.BatchNorm2d(5), torch.nn.ReLU(),
                          torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(5, 4)).double()
own = dict(zip(['conv.weight', 'bn.weight', 'bn.bias', 'bn.mean', 'bn.var', 'fc.weight', 'fc.bias'],
               [net[0].weight, net[1].weight, net[1].bias, net[1].running_mean, net[1].running_var, net[5].weight, net[5].bias]))
with torch.no_grad():
    for name, value in own.items(): value.copy_(t(name, *value.shape))
net.train()
with torch.no_grad():
    guesses = [net(t(name, 4, 3, 6, 6)).flatten().tolist() for name in ('first', 'second')]
optimizer = torch.optim.Adam(net.parameters(), lr=0.002)
logits = torch.cat([net(part) for part in t('images', ${ROWS}, 3, 6, 6).split(${PART})])
targets, labelled = t('targets', ${ROWS}, 4), torch.tensor(d['labelled']) > 0
cross = -(targets * F.log_softmax(logits, 1)).sum(1)[labelled].mean()
squared = ((F.softmax(logits, 1) - targets) ** 2)[~labelled].mean()
loss = cross + d['lambda'] * squared
loss.backward()
optimizer.step()
print(json.dumps({'guesses': guesses, 'loss': loss.item(), **{k: v.flatten().tolist() for k, v in own.items()}}))
`;

function trainer(microBatch?: number): Promise<Trainer> {
  return trainerIn(smallNet(), {
    loss: MIXMATCH_LOSS,
    optimizer: adam(),
    schedule: constant(0.002),
    threads: 1,
    ...(microBatch === undefined ? {} : { microBatch }),
  });
}

describe('forward passes without gradient', () => {
  it.skipIf(!HAS_TORCH)(`a MixMatch step is PyTorch's${NEEDS_TORCH}`, async () => {
    const net = await trainer(PART);
    const values = await valuesOfAll(net, [...PARAMETERS, ...STATISTICS]);
    const start = Object.fromEntries([...values].map(([name, each]) => [name, [...each]]));
    const [first, second] = [noise(4 * 108, 11), noise(4 * 108, 12)];
    const images = noise(ROWS * 108, 13);
    const raw = noise(ROWS * 4, 14).map((value) => value + 1.5);
    const targets = raw.map((value, i) => {
      const row = raw.subarray(i - (i % 4), i - (i % 4) + 4);
      return value / row.reduce((a, b) => a + b);
    });
    const labelled = Array.from({ length: ROWS }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const input = { ...start, first, second, images, targets, labelled, lambda: 3 };
    const json = JSON.stringify(input, (_, value: unknown) =>
      value instanceof Float32Array ? [...value] : value,
    );
    const expected = JSON.parse(
      execFileSync(PYTHON, ['-c', REFERENCE], { env: ONE_THREAD, input: json, encoding: 'utf8' }),
    ) as {
      guesses: number[][];
      loss: number;
    } & Record<string, number[]>;

    for (const [i, view] of [first, second].entries()) {
      const { logits } = await net.forward({ images: view, size: 4, targets: {} }, { batchNorm: 'train' });
      expect(worstError(logits, expected.guesses[i]!)).toBeLessThan(1e-5);
    }
    const { loss } = await net.step(
      {
        images,
        size: ROWS,
        targets: {
          targets,
          labelled: labelled.map((is) => is / 4),
          unlabelled: labelled.map((is) => (1 - is) / 8),
        },
      },
      { scalars: { lambdaU: 3 } },
    );
    expect(loss).toBeCloseTo(expected.loss, 5);
    for (const name of STATISTICS)
      expect(worstError(await net.valuesOf(name), expected[name]!)).toBeLessThan(1e-5);
    for (const name of PARAMETERS)
      expect(worstError(await net.valuesOf(name), expected[name]!)).toBeLessThan(1e-4);
    await net.release();
  });

  it('frozen: as the model is at inference, changing nothing', async () => {
    const net = await trainer();
    const before = await valuesOfAll(net, STATISTICS);
    const { images } = batchOf(5);
    const whole = await net.forward({ images, size: 5, targets: {} }, { batchNorm: 'frozen' });
    const one = await net.forward(
      { images: images.subarray(0, 108), size: 1, targets: {} },
      { batchNorm: 'frozen' },
    );
    expect(worstError(one.logits, whole.logits.subarray(0, 4))).toBeLessThan(1e-6);
    expect(whole.measured).toBeNull();
    expect(await valuesOfAll(net, STATISTICS)).toEqual(before);
    await net.release();
  });

  it('gives a loss of every sample, and refuses one it was not told of', async () => {
    const net = await trainerIn(smallNet(), {
      loss: [{ loss: crossEntropy() }],
      measures: new Map([['split', symmetricCrossEntropy()]]),
      optimizer: sgd(),
      schedule: constant(0.1),
      threads: 1,
    });
    const batch = batchOf(6);
    const { logits, measured } = await net.forward(batch, { batchNorm: 'frozen', measure: 'split' });
    const labels = Array.from(batch.targets['labels']!);
    labels.forEach((label, row) => {
      const scores = Array.from(logits.subarray(row * 4, row * 4 + 4), Math.exp);
      const p = scores.map((score) => score / scores.reduce((a, b) => a + b));
      // METHODS.md §3: 0.1·CE + RCE, where the labels that are not given are 1e-4.
      const expected = -0.1 * Math.log(p[label]!) + (1 - p[label]!) * -Math.log(1e-4);
      expect(measured![row]).toBeCloseTo(expected, 4);
    });
    await expect(net.forward(batch, { batchNorm: 'frozen', measure: 'other' })).rejects.toThrow(/other/);
    await net.release();
  });

  it('the sum of weighted samples is the same in parts', async () => {
    const terms = [{ loss: crossEntropy(), samples: 'share' }, { loss: crossEntropy() }];
    const options = {
      loss: terms,
      optimizer: sgd(),
      schedule: constant(0.1),
      batchNorm: 'frozen',
      threads: 1,
    } as const;
    const [whole, parts] = [
      await trainerIn(smallNet(), options),
      await trainerIn(smallNet(), { ...options, microBatch: 3 }),
    ];
    const plain = batchOf(8);
    const batch = { ...plain, targets: { ...plain.targets, share: [1, 0, 2, 0.5, 0, 0.25, 3, 1] } };
    const [a, b] = [await whole.step(batch), await parts.step(batch)];
    expect(b.loss).toBeCloseTo(a.loss, 5);
    for (const name of PARAMETERS)
      expect(worstError(await parts.valuesOf(name), await whole.valuesOf(name))).toBeLessThan(1e-5);
    await whole.release();
    await parts.release();
  });

  it('takes over the weights of a trainer with another optimizer, its own state anew', async () => {
    const other = await trainerIn(smallNet(), {
      loss: [{ loss: crossEntropy() }],
      optimizer: sgd({ momentum: 0.9 }),
      schedule: constant(0.1),
      threads: 1,
    });
    await other.step(batchOf(8));
    const fresh = await trainerIn(smallNet(), {
      loss: [{ loss: crossEntropy() }],
      optimizer: adam(),
      schedule: constant(0.01),
      threads: 1,
    });
    fresh.adopt(await other.snapshot());
    const first = await fresh.step(batchOf(8, 1));
    const after = await valuesOfAll(fresh, PARAMETERS);
    fresh.adopt(await other.snapshot());
    expect(fresh.stepsDone).toBe(0);
    for (const name of [...PARAMETERS, ...STATISTICS])
      expect(await fresh.valuesOf(name)).toEqual(await other.valuesOf(name));
    expect((await fresh.step(batchOf(8, 1))).loss).toBe(first.loss);
    expect(await valuesOfAll(fresh, PARAMETERS)).toEqual(after);
    await other.release();
    await fresh.release();
  });
});
