import { describe, expect, it } from 'vitest';
import { distillation } from '../../src/training/losses';
import { fastestTrainer } from '../../src/training/fastest-trainer';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { smallNet, trainerIn } from '../support/small-net';

const OPTIONS: TrainerOptions = {
  loss: [{ loss: distillation() }],
  optimizer: sgd({ momentum: 0.9, weightDecay: 0 }),
  schedule: constant(0.1),
};
const onCpu = (): Promise<Trainer> => trainerIn(smallNet(), OPTIONS);
const withWebgpu = (): Promise<'webgpu'[]> => Promise.resolve(['webgpu']);

describe('the device that auto trains on', () => {
  it('is the CPU, without a word, where there is nothing else', async () => {
    const chosen = await fastestTrainer('auto', 6, onCpu, () => Promise.resolve([]));
    expect(chosen).toMatchObject({ device: 'cpu', notes: [] });
    await chosen.trainer.release();
  });

  it('is the CPU where another one fails, and says why', async () => {
    const create = (device: string): Promise<Trainer> =>
      device === 'cpu' ? onCpu() : Promise.reject(new Error('no adapter'));
    const { trainer, device, notes } = await fastestTrainer('auto', 6, create, withWebgpu);
    expect(device).toBe('cpu');
    expect(notes).toEqual([
      'Training runs on cpu: the fastest of cpu, webgpu that works, by trial steps.',
      'For training, webgpu is not used: no adapter',
    ]);
    await trainer.release();
  });

  it('is the CPU where a whole batch fails on another one', async () => {
    const create = async (device: string): Promise<Trainer> => {
      const trainer = await onCpu();
      const rehearse = trainer.rehearse.bind(trainer);
      if (device !== 'cpu')
        trainer.rehearse = (size) =>
          size === 100_000 ? Promise.reject(new Error('out of memory')) : rehearse(size);
      return trainer;
    };
    const { trainer, device, notes } = await fastestTrainer('auto', 100_000, create, withWebgpu);
    expect(device).toBe('cpu');
    expect(notes[1]).toContain('out of memory');
    await trainer.release();
  });

  it('is the CPU where another one computes other gradients', async () => {
    const create = async (device: string): Promise<Trainer> => {
      const trainer = await onCpu();
      if (device !== 'cpu') trainer.setValues('fc.bias', Float32Array.of(3, 0, 0, 0));
      return trainer;
    };
    const { trainer, device, notes } = await fastestTrainer('auto', 6, create, withWebgpu);
    expect(device).toBe('cpu');
    expect(notes[1]).toContain('answers differently');
    await trainer.release();
  });

  it('is the one that was asked for, or an error', async () => {
    const create = (device: string): Promise<Trainer> => Promise.reject(new Error(`no ${device}`));
    await expect(fastestTrainer('webgpu', 6, create, withWebgpu)).rejects.toThrow('no webgpu');
  });
});
