import { fork } from 'node:child_process';
import path from 'node:path';
import * as v from 'valibot';
import { CleansingEventSchema, type CleansingOrder } from '../../src/protocol/cleansing';
import { FromEngineSchema, type ToEngine } from '../../src/protocol/rpc';
import { ROOT } from './machine';

/**
 * Seconds from Run in the panel to the first point on its curve: from the request to an engine that is not even started,
 * which is the most it can be, to the first step it tells of. The engine is then ended.
 */
export function secondsToFirstPoint(order: CleansingOrder, store: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const engine = fork(path.join(ROOT, 'dist/engine.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let seconds: number | null = null;
    engine.on('message', (value) => {
      const message = v.parse(FromEngineSchema, value);
      if (message.kind === 'ready') {
        const params = { kind: 'start', store, id: '20260101-000000-00000000', order };
        const request: ToEngine = { kind: 'request', id: 1, method: 'cleanse', params };
        engine.send(request);
      } else if (message.kind === 'err') reject(new Error(`The engine failed: ${message.error.message}`));
      else if (message.kind === 'event') {
        const event = v.parse(CleansingEventSchema, message.event);
        if (event.kind !== 'step') return;
        seconds = (performance.now() - started) / 1000;
        engine.kill('SIGKILL');
      }
    });
    engine.on('exit', () => {
      if (seconds === null) reject(new Error('The engine ended before its first step.'));
      else resolve(seconds);
    });
  });
}
