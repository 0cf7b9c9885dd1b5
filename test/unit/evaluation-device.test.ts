import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseDevice, type Contestant, type Provider } from '../../src/runtime/device';
import { openSession } from '../../src/runtime/session';
import { inTemporaryFolder } from '../support/jobs';
import { smallNetBytes } from '../support/models';

interface Fake {
  readonly milliseconds?: number;
  readonly values?: readonly number[];
  readonly fails?: 'open' | 'run';
}

/** Devices that answer after a set time on a clock of the test's own. */
function lab(devices: Partial<Record<Provider, Fake>>) {
  let time = 0;
  const released: string[] = [];
  const open = (device: Provider): Promise<Contestant<string>> => {
    const { milliseconds = 10, values = [1, 2, 3], fails } = devices[device]!;
    if (fails === 'open') return Promise.reject(new Error(`no adapter\nand a long story`));
    return Promise.resolve({
      session: device,
      run: () => {
        if (fails === 'run') return Promise.reject(new Error('kernel is missing'));
        time += milliseconds;
        return Promise.resolve(Float32Array.from(values));
      },
      release: () => Promise.resolve(void released.push(device)),
    });
  };
  const others = (Object.keys(devices) as Provider[]).filter((name) => name !== 'cpu');
  return { choose: () => chooseDevice(others, open, () => time), released };
}

describe('auto', () => {
  it('is the CPU where there is nothing else, without a trial', async () => {
    const { choose, released } = lab({ cpu: { fails: 'run' } });
    expect(await choose()).toEqual({ session: 'cpu', device: 'cpu', warnings: [] });
    expect(released).toEqual([]);
  });

  it('takes a device that is faster and gives the same answers', async () => {
    const { choose, released } = lab({ cpu: {}, webgpu: { milliseconds: 2, values: [1.001, 2, 3] } });
    expect(await choose()).toEqual({ session: 'webgpu', device: 'webgpu', warnings: [] });
    expect(released).toEqual(['cpu']);
  });

  it('takes the fastest of several', async () => {
    const { choose, released } = lab({ cpu: {}, cuda: { milliseconds: 5 }, webgpu: { milliseconds: 2 } });
    expect((await choose()).device).toBe('webgpu');
    expect(released.sort()).toEqual(['cpu', 'cuda']);
  });

  it('keeps the CPU where another device is slower', async () => {
    const { choose, released } = lab({ cpu: {}, webgpu: { milliseconds: 20 } });
    expect(await choose()).toEqual({ session: 'cpu', device: 'cpu', warnings: [] });
    expect(released).toEqual(['webgpu']);
  });

  it.each<[string, Fake, string]>([
    ['does not load', { fails: 'open' }, 'webgpu is not used: no adapter'],
    ['does not run', { fails: 'run' }, 'webgpu is not used: kernel is missing'],
    ['answers otherwise', { milliseconds: 1, values: [1, 2, 4] }, 'differently'],
    ['answers NaN', { milliseconds: 1, values: [1, NaN, 3] }, 'differently'],
    ['answers less', { milliseconds: 1, values: [1] }, 'differently'],
  ])('falls back visibly where a device %s', async (_, fake, says) => {
    const { choose, released } = lab({ cpu: {}, webgpu: fake });
    const { device, warnings } = await choose();
    expect(device).toBe('cpu');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(says);
    expect(warnings[0]).not.toContain('\n');
    expect(released).toEqual(fake.fails === 'open' ? [] : ['webgpu']);
  });

  it('is the CPU, visibly, where the batch cannot be run', async () => {
    const { choose, released } = lab({ cpu: { fails: 'run' }, webgpu: {} });
    const { device, warnings } = await choose();
    expect(device).toBe('cpu');
    expect(warnings.join()).toContain('cannot be compared: kernel is missing');
    expect(released).toEqual([]);
  });

  it('passes on what the CPU says where the model does not load at all', async () => {
    await expect(lab({ cpu: { fails: 'open' }, webgpu: {} }).choose()).rejects.toThrow('no adapter');
  });
});

describe('a device that is asked for', () => {
  // Where there is a GPU, CUDA may well work.
  it.skipIf(existsSync('/dev/nvidia0'))(
    'and does not work is an error that says what else there is',
    async () => {
      await inTemporaryFolder(async (folder) => {
        const model = path.join(folder, 'm.onnx');
        writeFileSync(model, smallNetBytes());
        const promise = openSession(model, { device: 'cuda', threads: 1 });
        await expect(promise).rejects.toMatchObject({ reason: 'device-unavailable' });
        await expect(promise).rejects.toThrow(/cuda.*auto, cpu/s);
        const { session, device } = await openSession(model, { device: 'cpu', threads: 1 });
        expect(device).toBe('cpu');
        await session.release();
      });
    },
  );
});
