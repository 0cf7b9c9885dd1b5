import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunState } from '../../src/engine/jobs/run-state';
import {
  StepCheckpoints,
  type Standing,
  type StepCheckpointOptions,
} from '../../src/engine/jobs/step-checkpoints';
import { OutputError } from '../../src/protocol/errors';
import { readCheckpoint } from '../../src/training/checkpoint';
import type { WriteRequest } from '../../src/training/checkpoint-messages';
import { CheckpointWriter } from '../../src/training/checkpoint-writer';
import type { TrainingSnapshot } from '../../src/training/state';
import { inTemporaryFolder } from '../support/jobs';

const snapshotOf = (step: number, reuse?: TrainingSnapshot): TrainingSnapshot => {
  const data = reuse?.tensors.get('w')?.data ?? new Float32Array(1000);
  data.fill(step);
  return { step, optimizer: 'sgd', tensors: new Map([['w', { shape: [1000], data }]]) };
};

/** A writer on a clock of its own: each checkpoint takes `took` ms, `busy` of them of a processor. */
class FakeWriter {
  time = 0;
  cost: { readonly busy: number; readonly took: number };
  readonly begun: number[] = [];
  private due = -Infinity;
  private hasSlept = false;

  constructor(busy: number, took: number) {
    // One that was written before, so that the first step knows what it costs.
    this.cost = { busy: busy * availableParallelism(), took };
  }

  get outstanding(): boolean {
    return this.time < this.due;
  }

  takeSpare(): undefined {
    return undefined;
  }

  start({ checkpoint }: WriteRequest): void {
    expect(this.outstanding).toBe(false);
    this.begun.push(checkpoint.snapshot.step);
    this.due = this.time + this.cost.took;
  }

  settled(): Promise<void> {
    if (this.hasSlept) {
      this.hasSlept = false;
      return new Promise(() => undefined); // somebody waits for no longer than he slept
    }
    this.time = Math.max(this.time, this.due);
    return Promise.resolve();
  }

  now(): number {
    return this.time;
  }

  sleep(most: number): Promise<void> {
    if (this.time + most >= this.due) return new Promise(() => undefined); // the writing ends first
    this.time += most;
    this.hasSlept = true;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Steps of `stepTime` ms, each offered. */
async function run(
  writer: FakeWriter,
  steps: number,
  stepTime: number,
  options: Partial<StepCheckpointOptions> = {},
) {
  const notes: string[] = [];
  const checkpoints = new StepCheckpoints({
    state: new RunState('/nowhere/out.onnx', 'test'),
    run: 'r',
    onNote: (note) => notes.push(note),
    writer,
    clock: writer,
    ...options,
  });
  for (let step = 1; step <= steps; step++) {
    writer.time += stepTime;
    await checkpoints.offer({
      snapshot: () => {
        writer.time += 1; // copying
        return Promise.resolve(snapshotOf(step));
      },
      progress: () => ({}),
    });
  }
  return { checkpoints, notes };
}

describe('the state of a run', () => {
  it('is kept after every step where that takes less than a twentieth of it', async () => {
    const writer = new FakeWriter(40, 900);
    const { notes } = await run(writer, 5, 1000);
    expect([writer.begun, notes]).toEqual([[1, 2, 3, 4, 5], []]);
  });

  it('waits a little for a disk that is hardly slower than a step, so that one write at most is outstanding', async () => {
    const writer = new FakeWriter(1, 1015);
    const { notes } = await run(writer, 5, 1000);
    expect([writer.begun, notes]).toEqual([[1, 2, 3, 4, 5], []]);
    expect(writer.time).toBeLessThan(5 * 1000 * 1.05);
  });

  it('is kept less often where writing takes the time of steps, and the run says what a kill costs', async () => {
    const writer = new FakeWriter(49, 100);
    const { notes } = await run(writer, 41, 100);
    // 50 ms in 1000: every tenth step.
    expect(writer.begun).toEqual([1, 11, 21, 31, 41]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('repeat about a second of training');
  });

  it('is kept less often where the disk is slow', async () => {
    const writer = new FakeWriter(1, 30_000);
    const { notes } = await run(writer, 100, 1000);
    expect(writer.begun.length).toBeGreaterThanOrEqual(3);
    expect(writer.begun.length).toBeLessThanOrEqual(4);
    expect(writer.time).toBeLessThan(100_000 * 1.06);
    expect(notes[0]).toContain('repeat about 30 seconds of training');
  });

  it('leaves some time between two writes where that is asked for, without a word', async () => {
    const writer = new FakeWriter(1, 10);
    const { notes } = await run(writer, 30, 100, { atLeast: 1000 });
    expect([writer.begun, notes]).toEqual([[1, 11, 21], []]);
  });

  it('is kept where the run stops, whether the last step was passed over or not', async () => {
    const writer = new FakeWriter(49, 100);
    const { checkpoints } = await run(writer, 3, 100);
    expect(writer.begun).toEqual([1]);
    await checkpoints.keep();
    expect(writer.begun).toEqual([1, 3]);
    await checkpoints.keep();
    expect(writer.begun).toEqual([1, 3]);
  });
});

/** Checkpoints of steps, written for real. */
async function writing<T>(
  use: (with_: { folder: string; state: RunState; checkpoints: StepCheckpoints }) => Promise<T>,
): Promise<T> {
  return inTemporaryFolder(async (folder) => {
    const state = new RunState(path.join(folder, 'out.onnx'), 'test');
    const checkpoints = new StepCheckpoints({ state, run: 'r', share: 100, onNote: () => undefined });
    try {
      return await use({ folder, state, checkpoints });
    } finally {
      await checkpoints.close();
    }
  });
}

const at = (step: number): Standing => ({
  snapshot: (reuse) => Promise.resolve(snapshotOf(step, reuse)),
  progress: () => ({ at: String(step) }),
});

describe('what a thread writes', () => {
  it('is each step, in memory that is used again, and the best under its own name', () =>
    writing(async ({ folder, state, checkpoints }) => {
      const best = path.join(state.folder, 'best.safetensors');
      const memory = new Set<ArrayBufferLike | number>();
      for (let step = 1; step <= 4; step++) {
        await checkpoints.offer({
          snapshot: (reuse) => {
            memory.add(reuse === undefined ? step : 0);
            return Promise.resolve(snapshotOf(step, reuse));
          },
          progress: () => ({ at: String(step) }),
        });
        if (step === 2) await checkpoints.begin(at(2), best);
      }
      await checkpoints.keep();
      const kept = state.read('r');
      expect([kept.snapshot.step, kept.progress]).toEqual([4, { at: '4' }]);
      expect(kept.snapshot.tensors.get('w')!.data).toEqual(new Float32Array(1000).fill(4));
      expect(readCheckpoint(best, 'r').snapshot.step).toBe(2);
      expect(memory).toEqual(new Set([1, 0]));
      expect(readdirSync(state.folder).sort()).toEqual(['best.safetensors', 'checkpoint.safetensors']);
      expect(readdirSync(folder)).toEqual(['.out.onnx.test']);
    }));

  it('names the best before the checkpoint that counts on it', () =>
    writing(async ({ state, checkpoints }) => {
      await checkpoints.begin(at(1));
      // The checkpoint cannot take its place.
      await checkpoints.keep();
      const best = path.join(state.folder, 'best.safetensors');
      mkdirSync(`${state.file}.tmp`);
      writeFileSync(path.join(`${state.file}.tmp`, 'in the way'), '');
      await checkpoints.begin(at(2), best);
      await expect(checkpoints.keep()).rejects.toBeInstanceOf(OutputError);
      expect(readCheckpoint(best, 'r').snapshot.step).toBe(2);
      expect(state.read('r').snapshot.step).toBe(1);
    }));

  it('fails at the next step where it cannot be written, with the state before still there', () =>
    writing(async ({ state, checkpoints }) => {
      await checkpoints.offer(at(1));
      await checkpoints.keep();
      await checkpoints.begin(at(2), path.join(state.file, 'no-folder'));
      const goOn = async (): Promise<never> => {
        for (;;) await checkpoints.offer(at(3));
      };
      await expect(goOn()).rejects.toMatchObject({
        name: 'OutputError',
        reason: 'write-failed',
      });
      expect(state.read('r').snapshot.step).toBe(1);
    }));

  it('leaves nothing where the first cannot be written', () =>
    inTemporaryFolder(async (folder) => {
      const state = new RunState(path.join(folder, 'out.onnx'), 'test');
      const checkpoints = new StepCheckpoints({ state, run: 'r', onNote: () => undefined });
      await checkpoints.begin(at(1), path.join(state.folder, 'a'.repeat(300)));
      await expect(checkpoints.keep()).rejects.toMatchObject({ reason: 'write-failed' });
      await checkpoints.close();
      expect(readdirSync(folder)).toEqual([]);
    }));

  it('is an error where the thread has died', () =>
    inTemporaryFolder(async (folder) => {
      const writer = new CheckpointWriter();
      await writer.close();
      writer.start({
        path: path.join(folder, 'x'),
        checkpoint: { run: 'r', progress: {}, snapshot: snapshotOf(1) },
        asBest: null,
      });
      await expect(writer.settled()).rejects.toMatchObject({
        reason: 'write-failed',
        message: expect.stringContaining('thread') as string,
      });
    }));
});
