import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ToAuditPanelSchema, type ToAuditPanel } from '../../src/protocol/audit';
import { Auditor } from '../../src/host/audit/auditor';
import { EditorMemory, type EditorSettings } from '../../src/host/audit/memory';
import { AuditSession } from '../../src/host/audit/session';
import { EngineClient } from '../../src/host/engine/client';
import { forkEngine } from '../../src/host/engine/process';
import { ResultStore } from '../../src/host/results/store';

const SCRIPT = path.join(import.meta.dirname, '../support/fake-engine.mjs');
let folder: string;
let engine: EngineClient;
let results: ResultStore;
let log: string[];
let forks: number;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'scour-session-'));
  log = [];
  forks = 0;
  engine = new EngineClient(
    (events) => {
      forks++;
      return forkEngine({ script: SCRIPT, memoryLimitMb: 256, log: () => undefined }, events);
    },
    () => ({ stallSeconds: 30, idleSeconds: 30 }),
    () => undefined,
  );
  results = new ResultStore({
    folder: path.join(folder, 'scans'),
    limit: () => 10,
    log: (line) => log.push(line),
  });
});
afterEach(() => {
  engine.dispose();
  rmSync(folder, { recursive: true });
});

function open(name: string) {
  const modelPath = path.join(folder, `${name}.onnx`);
  writeFileSync(modelPath, 'x');
  const remembered: EditorSettings[] = [];
  const messages: ToAuditPanel[] = [];
  const session = new AuditSession({
    path: modelPath,
    name: `${name}.onnx`,
    auditor: new Auditor(engine, results, (line) => log.push(line)),
    engine,
    settings: { u: 3, images: null, preprocessing: {} },
    remember: (settings) => remembered.push(settings),
    trusted: () => false,
    previewLimit: () => 10,
  });
  session.subscribe((message) => messages.push(message));
  const scans = () => messages.flatMap((message) => (message.kind === 'scan' ? [message.scan] : []));
  return { session, messages, remembered, scans };
}

describe('audit session', () => {
  it('scans, keeps the result, and shows it for the same bytes under any name', async () => {
    const first = open('first');
    await first.session.scan(true);
    expect(first.scans().map(({ state }) => state)).toEqual(['running', 'done']);
    expect(first.scans().at(-1)).toMatchObject({ kept: false });
    const second = open('renamed');
    await second.session.scan(true);
    expect(second.scans().at(-1)).toMatchObject({
      kept: true,
      audit: { report: { model: { path: second.session.path } } },
    });
    expect((await results.entries()).map((entry) => path.basename(entry.path))).toEqual([
      'renamed.onnx',
      'first.onnx',
    ]);
    await second.session.scan(false);
    expect(second.scans().at(-1)).toMatchObject({ kept: false });
  });

  it('tells a new panel everything, in messages that the panel accepts', async () => {
    const { session } = open('a');
    for (const when of ['before', 'after']) {
      const states = session.messages();
      expect(states.map(({ kind }) => kind).sort(), when).toEqual(['export', 'file', 'preview', 'scan']);
      for (const state of states) expect(v.safeParse(ToAuditPanelSchema, state).issues, when).toBeUndefined();
      await session.scan(true);
    }
  });

  it('shows a cancellation as such and remembers no outcome for it', async () => {
    const { session, scans } = open('slow');
    const scan = session.scan(true);
    const steps = (): boolean =>
      scans().some((state) => state.state === 'running' && state.message.startsWith('step'));
    await vi.waitFor(() => expect(steps()).toBe(true), 10_000);
    session.cancel('scan');
    await scan;
    expect(scans().at(-1)).toEqual({ state: 'cancelled' });
    expect(await results.entries()).toEqual([]);
  });

  it('shows a failure with the reason, remembers it, and scans again on demand', async () => {
    const { session, scans } = open('crash');
    await session.scan(true);
    expect(scans().at(-1)).toMatchObject({
      state: 'failed',
      error: { name: 'EngineError', reason: 'crashed' },
    });
    expect((await results.entries())[0]?.outcome).toMatchObject({ kind: 'failed', reason: 'crashed' });
    await session.scan(false);
    expect(forks).toBe(2);
  });

  it('starting a scan again ends the one before, whose state no longer shows', async () => {
    const { session, scans } = open('slow');
    const first = session.scan(false);
    const second = session.scan(false);
    await first;
    expect(scans().at(-1)?.state).toBe('running');
    session.cancel('scan');
    await second;
    expect(scans().at(-1)?.state).toBe('cancelled');
  });

  it('still shows a result that cannot be kept', async () => {
    writeFileSync(path.join(folder, 'scans'), 'a file where the folder should be');
    const { session, scans } = open('a');
    await session.scan(true);
    expect(scans().at(-1)?.state).toBe('done');
    expect(log.join()).toContain('could not be kept');
  });

  it('remembers u, images and preprocessing', () => {
    const { session, remembered, messages } = open('a');
    session.setU(2.5);
    session.setImages('/images');
    session.setPreprocessing({ channels: 'bgr' });
    expect(remembered.at(-1)).toEqual({ u: 2.5, images: '/images', preprocessing: { channels: 'bgr' } });
    expect(messages.at(-1)).toMatchObject({
      kind: 'preview',
      images: '/images',
      preprocessing: { channels: 'bgr' },
    });
  });

  it('is heard no more once disposed', async () => {
    const { session, scans } = open('slow');
    const scan = session.scan(false);
    session.dispose();
    const count = scans().length;
    await scan;
    expect(scans()).toHaveLength(count);
  });
});

describe('editor memory', () => {
  const settings: EditorSettings = { u: 2, images: null, preprocessing: {} };
  const makeMemento = (value?: unknown) => {
    let stored = value;
    return {
      get: () => stored,
      update: (_key: string, next: unknown) => {
        stored = next;
        return Promise.resolve();
      },
    };
  };

  it('recalls what was last used for a file and forgets the oldest of many', () => {
    const memory = new EditorMemory(makeMemento(), (line) => log.push(line));
    for (let i = 0; i < 250; i++) memory.remember(`file:///${i}`, { ...settings, u: i % 100 });
    expect(memory.recall('file:///249')?.u).toBe(49);
    expect(memory.recall('file:///0')).toBeUndefined();
  });

  it('drops what does not fit its schema, with a line in the log', () => {
    const memory = new EditorMemory(makeMemento([['a', { u: 'three' }]]), (line) => log.push(line));
    expect(memory.recall('a')).toBeUndefined();
    expect(log).toHaveLength(1);
  });
});
