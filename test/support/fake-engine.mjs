// A stand-in for dist/engine.js that speaks its protocol and misbehaves as the model's name asks. It proves how the
// host takes it; the real engine has its own tests.
import { setTimeout as sleep } from 'node:timers/promises';

const cancelled = new Set();
const send = (message) => process.send(message);

const audit = (path, u) => ({
  report: {
    schema: 'scour.scan/1',
    model: { path, format: 'onnx', sha256: 'f'.repeat(64), bytes: 1, parameters: 0 },
    u,
    layers: [],
    summary: { layers: 0, scored: 0, skipped: 0, channels: 0, outliers: 0 },
    applicable: false,
    findings: [],
  },
  histograms: [],
});

const behaviours = {
  async slow(id) {
    for (let step = 0; step < 200; step++) {
      if (cancelled.has(id)) throw { name: 'CancelledError', reason: 'cancelled', message: 'cancelled' };
      send({ kind: 'progress', id, progress: { message: `step ${step}`, fraction: step / 200 } });
      await sleep(10);
    }
  },
  /** Blocks its thread, as native code does: it hears nothing. */
  async deaf() {
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  },
  async crash() {
    process.stderr.write('boom: \u001b[31mred\u001b[0m\n', () => process.exit(3));
    await sleep(1000);
  },
  async suicide() {
    process.kill(process.pid, 'SIGKILL');
    await sleep(1000);
  },
  async hungry() {
    const kept = [];
    for (;;) kept.push(new Array(1e6).fill(kept.length));
  },
  async garbage() {
    send({ kind: 'surprise' });
    await sleep(1000);
  },
  async refused() {
    throw { name: 'ModelError', reason: 'truncated', message: 'The file ends too early.' };
  },
};

process.on('message', async (message) => {
  if (message.kind === 'cancel') return void cancelled.add(message.id);
  const { id, method, params } = message;
  const name = params.path.split('/').at(-1).replace(/\..*$/, '');
  try {
    await behaviours[name]?.(id);
    const identity = { key: '0'.repeat(64), sha256: '0'.repeat(64), bytes: 1, pid: process.pid };
    if (name === 'mistyped') send({ kind: 'ok', id, result: { audit: null } });
    else if (method === 'identify') send({ kind: 'ok', id, result: identity });
    else send({ kind: 'ok', id, result: { audit: audit(params.path, params.u), identity } });
  } catch (error) {
    send({ kind: 'err', id, error });
  }
});
send({ kind: 'ready', version: 'fake' });
