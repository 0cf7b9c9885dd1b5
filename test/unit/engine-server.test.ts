import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HANDLERS } from '../../src/engine/handlers';
import type { JobContext } from '../../src/engine/job-context';
import { EngineServer, type Handlers } from '../../src/engine/server';
import { ModelError } from '../../src/protocol/errors';
import type { FromEngine } from '../../src/protocol/rpc';
import { inTemporaryFolder } from '../support/jobs';
import { smallNetBytes } from '../support/models';

/** A server whose messages are kept, and a way to wait for the answer to a request. */
function server(handlers: Partial<Handlers> = {}) {
  const sent: FromEngine[] = [];
  const noise: string[] = [];
  let wake = (): void => undefined;
  const engine = new EngineServer(
    { ...HANDLERS, ...handlers },
    (message) => {
      sent.push(message);
      wake();
    },
    (complaint) => noise.push(complaint),
  );
  const answer = async (id: number): Promise<FromEngine> => {
    for (;;) {
      const found = sent.find(
        (message) => (message.kind === 'ok' || message.kind === 'err') && message.id === id,
      );
      if (found) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { engine, sent, noise, answer };
}

const request = (id: number, method: string, params: unknown) => ({ kind: 'request', id, method, params });
const error = (reason: string, message: string | RegExp) =>
  expect.objectContaining({
    kind: 'err',
    error: expect.objectContaining({ reason, message: expect.stringMatching(message) as string }) as unknown,
  }) as FromEngine;

/** Waits until it is cancelled. */
const untilCancelled = async (_params: unknown, context: JobContext): Promise<never> => {
  for (;;) {
    await context.tick('Waiting', null);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('the engine’s message server', () => {
  it('says that it is ready, scans with progress, and answers once', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'm.onnx');
      writeFileSync(file, smallNetBytes());
      const { engine, sent, noise, answer } = server();
      engine.start();
      engine.receive(request(1, 'scan', { path: file, u: 3 }));
      expect(await answer(1)).toMatchObject({
        kind: 'ok',
        result: { audit: { report: { schema: 'scour.scan/1' } } },
      });
      expect(sent[0]).toMatchObject({ kind: 'ready' });
      expect(sent.filter(({ kind }) => kind === 'progress').length).toBeGreaterThan(0);
      expect(sent.filter(({ kind }) => kind === 'ok' || kind === 'err')).toHaveLength(1);
      expect(noise).toEqual([]);
    });
  });

  it('complains about messages that are none, and goes on', async () => {
    const { engine, noise, answer } = server();
    for (const message of [
      null,
      7,
      'scan',
      {},
      { kind: 'request' },
      { kind: 'request', id: 0, method: 'scan', params: {} },
      { kind: 'eval', code: '1' },
    ]) {
      engine.receive(message);
    }
    expect(noise).toHaveLength(7);
    engine.receive(request(1, 'identify', { path: '/no/such/file.onnx' }));
    expect(await answer(1)).toEqual(error('not-found', /does not exist/));
  });

  it.each([
    ['constructor', {}, /no method/],
    ['__proto__', {}, /no method/],
    ['scan', { path: 7, u: 3 }, /not valid/],
    ['scan', { path: 'a' }, /not valid/],
    ['prune', { path: 'a', u: 3, output: 'b', force: 'yes' }, /not valid/],
  ])('refuses %s with %j', async (method, params, message) => {
    const { engine, answer } = server();
    engine.receive(request(1, method, params));
    expect(await answer(1)).toEqual(error('protocol', message));
  });

  it('cancels the job that is meant, and no other', async () => {
    const { engine, answer, sent } = server({ identify: untilCancelled, preview: untilCancelled });
    engine.receive(request(1, 'identify', { path: 'a' }));
    engine.receive(request(2, 'preview', { path: 'a', u: 3 }));
    engine.receive({ kind: 'cancel', id: 1 });
    engine.receive({ kind: 'cancel', id: 99 });
    expect(await answer(1)).toEqual(error('cancelled', /./));
    expect(sent.some((message) => 'id' in message && message.id === 2 && message.kind !== 'progress')).toBe(
      false,
    );
    engine.receive({ kind: 'cancel', id: 2 });
    expect(await answer(2)).toEqual(error('cancelled', /./));
  });

  it('a job that is done when the cancellation comes is done', async () => {
    const { engine, answer } = server({
      identify: async () => {
        engine.receive({ kind: 'cancel', id: 1 });
        return Promise.resolve({ key: 'k', sha256: 's', bytes: 1 });
      },
    });
    engine.receive(request(1, 'identify', { path: 'a' }));
    expect(await answer(1)).toMatchObject({ kind: 'ok' });
  });

  it('does not run a request twice', () => {
    const { engine, noise } = server({ identify: untilCancelled });
    engine.receive(request(1, 'identify', { path: 'a' }));
    engine.receive(request(1, 'identify', { path: 'a' }));
    expect(noise).toEqual(['request 1 came twice']);
    engine.receive({ kind: 'cancel', id: 1 });
  });

  it('tells errors with a reason from unexpected ones', async () => {
    const { engine, answer } = server({
      identify: () => Promise.reject(new ModelError('truncated', 'a', 'a is truncated')),
      scan: () => Promise.reject(new TypeError('oops')),
    });
    engine.receive(request(1, 'identify', { path: 'a' }));
    engine.receive(request(2, 'scan', { path: 'a', u: 3 }));
    expect(await answer(1)).toMatchObject({ error: { name: 'ModelError', reason: 'truncated' } });
    expect(await answer(2)).toEqual(error('internal', /unexpected.*oops/));
  });
});
