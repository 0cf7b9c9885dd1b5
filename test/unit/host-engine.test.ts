import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/protocol/errors';
import { CANCEL_GRACE_MS, EngineClient } from '../../src/host/engine/client';
import { EngineError } from '../../src/host/engine/errors';
import { errorOfExit } from '../../src/host/engine/exit';
import { forkEngine, type EngineProcess } from '../../src/host/engine/process';
import { RemainingTime } from '../../src/host/engine/remaining';

const SCRIPT = path.join(import.meta.dirname, '../support/fake-engine.mjs');
const clients: EngineClient[] = [];

/** A client on real child processes; `forks` counts them, `ended` those that are gone. */
function makeClient(times = { stallSeconds: 30, idleSeconds: 30 }, memoryLimitMb = 256) {
  const seen = { forks: 0, ended: 0, log: [] as string[] };
  const log = (line: string) => void seen.log.push(line);
  const client = new EngineClient(
    (events): EngineProcess => {
      seen.forks++;
      return forkEngine(
        { script: SCRIPT, memoryLimitMb, log },
        {
          message: events.message.bind(events),
          exit: (exit) => {
            seen.ended++;
            events.exit(exit);
          },
        },
      );
    },
    () => times,
    log,
  );
  clients.push(client);
  const scan = (name: string, options: Partial<Parameters<EngineClient['request']>[2]> = {}) =>
    client.request(
      'scan',
      { path: `/models/${name}.onnx`, u: 3 },
      { title: `the scan of ${name}`, ...options },
    );
  return { client, scan, seen };
}

afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

describe('engine client', () => {
  it('forks nothing before the first job, then serves all jobs from one process', async () => {
    const { client, scan, seen } = makeClient();
    expect(seen.forks).toBe(0);
    const results = await Promise.all([scan('a'), scan('b')]);
    expect(results.map(({ audit }) => audit.report.model.path)).toEqual(['/models/a.onnx', '/models/b.onnx']);
    expect(seen.forks).toBe(1);
    expect(client.running).toBe(true);
  });

  it('tells a job that waits what it waits for, and passes progress on', async () => {
    const { scan } = makeClient();
    const first: string[] = [];
    const second: string[] = [];
    const controller = new AbortController();
    const slow = scan('slow', {
      signal: controller.signal,
      onProgress: ({ message }) => {
        first.push(message);
        if (first.length === 3) controller.abort();
      },
    });
    const waiting = scan('b', { onProgress: ({ message }) => second.push(message) });
    await expect(slow).rejects.toBeInstanceOf(CancelledError);
    await waiting;
    expect(first[0]).toBe('step 0');
    expect(second).toEqual(['Waiting for the scan of slow']);
  });

  it('cancels a job that obeys without killing the engine', async () => {
    const { scan, seen } = makeClient();
    const controller = new AbortController();
    const job = scan('slow', { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    await scan('after');
    expect(seen.forks).toBe(1);
  });

  it(
    'kills an engine that does not answer a cancellation, within 200 ms, and forks anew',
    { retry: 2 },
    async () => {
      const { scan, seen } = makeClient();
      await scan('warm');
      const controller = new AbortController();
      const job = scan('deaf', { signal: controller.signal });
      await sleep(50);
      const begun = performance.now();
      controller.abort();
      await expect(job).rejects.toBeInstanceOf(CancelledError);
      const took = performance.now() - begun;
      expect(took).toBeGreaterThanOrEqual(CANCEL_GRACE_MS - 5);
      // How long it really took depends on the machine; what Scour waits does not, and it is less than 200 ms.
      expect(CANCEL_GRACE_MS).toBeLessThan(200);
      await scan('after');
      expect(seen.forks).toBe(2);
      expect(seen.ended).toBe(1);
    },
  );

  it('drops a cancelled job from the queue, and one whose signal fired before it began', async () => {
    const { scan, seen } = makeClient();
    const controller = new AbortController();
    const first = scan('a');
    const queued = scan('never', { signal: controller.signal });
    controller.abort();
    await expect(queued).rejects.toBeInstanceOf(CancelledError);
    await expect(scan('late', { signal: controller.signal })).rejects.toBeInstanceOf(CancelledError);
    await first;
    expect(seen.forks).toBe(1);
  });

  it.each([
    ['crash', 'crashed', /exit code 3.*boom: \\u\{1b\}\[31mred/],
    ['suicide', 'killed', /killed from outside \(SIGKILL\)/],
    ['hungry', 'out-of-memory', /scour\.engine\.memoryLimitMb/],
    ['garbage', 'protocol', /does not understand/],
    ['mistyped', 'protocol', /audit/],
  ] as const)('survives an engine that ends by %s', async (name, reason, message) => {
    const { scan, seen } = makeClient();
    const failed = scan(name);
    const next = scan('next');
    await expect(failed).rejects.toBeInstanceOf(EngineError);
    await expect(failed).rejects.toMatchObject({ reason, message: expect.stringMatching(message) as string });
    await next;
    expect(seen.forks).toBe(2);
  });

  it("passes the engine's own error on and keeps the engine", async () => {
    const { scan, seen } = makeClient();
    await expect(scan('refused')).rejects.toMatchObject({ name: 'ModelError', reason: 'truncated' });
    await scan('next');
    expect(seen.forks).toBe(1);
  });

  it('says when a running job falls silent', async () => {
    const { scan } = makeClient({ stallSeconds: 0.1, idleSeconds: 30 });
    const controller = new AbortController();
    const silent = await new Promise<boolean>((resolve, reject) => {
      scan('deaf', { signal: controller.signal, onStalled: resolve }).catch(reject);
    });
    expect(silent).toBe(true);
    controller.abort();
  });

  it('ends the engine once nothing has needed it for a while, not while an audit is open', async () => {
    const { client, scan, seen } = makeClient({ stallSeconds: 30, idleSeconds: 0.1 });
    const release = client.retain();
    await scan('a');
    await sleep(250);
    expect(client.running).toBe(true);
    release();
    release();
    await sleep(250);
    expect(client.running).toBe(false);
    expect(seen.ended).toBe(1);
    await scan('b');
    expect(seen.forks).toBe(2);
  });

  it('reports a script that is not there', async () => {
    const client = new EngineClient(
      (events) =>
        forkEngine({ script: '/nowhere/engine.js', memoryLimitMb: 64, log: () => undefined }, events),
      () => ({ stallSeconds: 30, idleSeconds: 30 }),
      () => undefined,
    );
    const job = client.request('identify', { path: '/m.onnx' }, { title: 'the hash' });
    await expect(job).rejects.toMatchObject({ reason: 'cannot-start' });
  });
});

describe('errorOfExit', () => {
  const exit = { code: null, signal: null, stderr: '', failure: null };
  it('takes the exit code of a shell for SIGKILL as a kill', () => {
    expect(errorOfExit({ ...exit, code: 137 }, true).reason).toBe('killed');
  });
  it('tells a crash from a failed start, and from a process that was never made', () => {
    expect(errorOfExit({ ...exit, signal: 'SIGSEGV' }, true).reason).toBe('crashed');
    expect(errorOfExit({ ...exit, signal: 'SIGSEGV' }, false).reason).toBe('cannot-start');
    expect(errorOfExit({ ...exit, failure: new Error('ENOENT') }, false).message).toContain('ENOENT');
  });
});

describe('RemainingTime', () => {
  it('extrapolates the mean speed, and begins again when the fraction falls back', () => {
    const remaining = new RemainingTime();
    expect(remaining.update(null, 0)).toBeNull();
    expect(remaining.update(0, 0)).toBeNull();
    expect(remaining.update(0.5, 500)).toBeNull();
    expect(remaining.update(0.25, 2000)).toBeNull();
    expect(remaining.update(0.5, 4000)).toBeCloseTo(4); // a quarter in two seconds, two quarters left
    expect(remaining.update(1, 6000)).toBe(0);
  });
});
