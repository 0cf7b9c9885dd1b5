import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Audit } from '../../src/protocol/scan';
import { describeOutcome, explainOutcome, parentName } from '../../src/host/results/describe';
import type { Entry } from '../../src/host/results/entry';
import { ResultStore } from '../../src/host/results/store';

const SHA = { a: 'a'.repeat(64), b: 'b'.repeat(64) };

function auditOf(modelPath: string, sha256: string, change: Partial<Audit['report']> = {}): Audit {
  return {
    report: {
      schema: 'scour.scan/1',
      model: { path: modelPath, format: 'onnx', sha256, bytes: 10, parameters: 1 },
      u: 3,
      layers: [],
      summary: { layers: 2, scored: 1, skipped: 1, channels: 8, outliers: 1 },
      applicable: true,
      findings: [],
      ...change,
    },
    histograms: [],
  };
}
const identity = (key: string) => ({ key, sha256: key, bytes: 10 });

let folder: string;
let log: string[];
const openStore = (limit = 10) =>
  new ResultStore({ folder: path.join(folder, 'scans'), limit: () => limit, log: (line) => log.push(line) });
const file = (name: string) => path.join(folder, 'scans', name);

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'scour-store-'));
  log = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('result store', () => {
  it('gives what it kept to the next window, newest first', async () => {
    const store = openStore();
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a));
    await store.keep('/m/b.onnx', identity(SHA.b), auditOf('/m/b.onnx', SHA.b));
    await store.fail('/m/c.onnx', { name: 'ModelError', reason: 'truncated', message: 'too short' });
    const next = openStore();
    expect((await next.entries()).map((entry) => entry.path)).toEqual([
      '/m/c.onnx',
      '/m/b.onnx',
      '/m/a.onnx',
    ]);
    expect(await next.kept(SHA.a)).toEqual(auditOf('/m/a.onnx', SHA.a));
    expect(await next.mayHave(10)).toBe(true);
    expect(await next.mayHave(11)).toBe(false);
    expect(log).toEqual([]);
  });

  it('loses no change of several made at once, and tells its listeners', async () => {
    const store = openStore();
    let changes = 0;
    const stop = store.onChange(() => changes++);
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => store.fail(`/m/${i}`, { name: 'E', reason: 'r', message: 'm' })),
    );
    stop();
    await store.forget('/m/0');
    expect(changes).toBe(8);
    expect(await openStore().entries()).toHaveLength(7);
  });

  it('forgets the oldest beyond the limit, and files that nothing refers to', async () => {
    const store = openStore(2);
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a));
    await store.keep('/m/copy.onnx', identity(SHA.a), auditOf('/m/copy.onnx', SHA.a));
    await store.keep('/m/b.onnx', identity(SHA.b), auditOf('/m/b.onnx', SHA.b));
    expect(readdirSync(file('')).sort()).toEqual([`${SHA.a}.json`, `${SHA.b}.json`, 'index.json']);
    await store.forget('/m/copy.onnx');
    expect(readdirSync(file('')).sort()).toEqual([`${SHA.b}.json`, 'index.json']);
    expect(await store.entry('/m/copy.onnx')).toBeUndefined();
  });

  it.each([
    ['text', 'no json'],
    ['a wrong schema', '{"schema":"scour.kept/1","version":"x","key":"k","audit":{}}'],
    ['nothing', ''],
  ])('drops a kept result that holds %s, with a line in the log', async (_what, content) => {
    const store = openStore();
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a));
    writeFileSync(file(`${SHA.a}.json`), content);
    expect(await store.kept(SHA.a)).toBeNull();
    expect(log).toHaveLength(1);
    expect(readdirSync(file(''))).toEqual(['index.json']);
  });

  it('does not use a result of another version, or one that lies about its key', async () => {
    const store = openStore();
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a));
    const kept = readFileSync(file(`${SHA.a}.json`), 'utf8');
    writeFileSync(file(`${SHA.b}.json`), kept);
    expect(await store.kept(SHA.b)).toBeNull();
    writeFileSync(file(`${SHA.a}.json`), kept.replace(/"version":"[^"]*"/, '"version":"0.0.1"'));
    expect(await store.kept(SHA.a)).toBeNull();
  });

  it('keeps the readable entries of a damaged index, and starts anew without a readable one', async () => {
    await openStore().fail('/m/a.onnx', { name: 'E', reason: 'r', message: 'm' });
    const index = JSON.parse(readFileSync(file('index.json'), 'utf8')) as { entries: unknown[] };
    index.entries.push({ path: 7 });
    writeFileSync(file('index.json'), JSON.stringify(index));
    expect(await openStore().entries()).toHaveLength(1);
    writeFileSync(file('index.json'), '[');
    expect(await openStore().entries()).toEqual([]);
    expect(log).toHaveLength(2);
  });

  it('never lets a key name a file outside its folder', async () => {
    const store = openStore();
    await expect(store.keep('/m/a', identity('../../evil'), auditOf('/m/a', SHA.a))).rejects.toThrow();
    writeFileSync(path.join(folder, 'evil.json'), '{}');
    expect(await store.kept('../evil')).toBeNull();
    expect(readdirSync(folder)).toContain('evil.json');
  });
});

describe('what the tree says', () => {
  const entries = async (): Promise<readonly Entry[]> => {
    const store = openStore();
    const provenance = {
      'scour.provenance': JSON.stringify({ input: SHA.b }),
      'scour.provenance.2': JSON.stringify({ input: SHA.a }),
    };
    const exported = auditOf('/m/a.pruned.onnx', SHA.b);
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a));
    await store.keep('/m/a.pruned.onnx', identity(SHA.b), {
      ...exported,
      report: { ...exported.report, model: { ...exported.report.model, provenance } },
    });
    return store.entries();
  };

  it('names the model that an exported one was made from, or its hash', async () => {
    const all = await entries();
    expect(all.map(({ outcome }) => describeOutcome(outcome, all))).toEqual([
      '1 outlier at u = 3, exported from a.onnx',
      '1 outlier at u = 3',
    ]);
    expect(parentName(all[0]!.outcome, [])).toBe('aaaaaaaaaaaa…');
  });

  it('takes provenance that is not ours for none', async () => {
    const audit = auditOf('/m/x.onnx', SHA.a);
    const model = { ...audit.report.model, provenance: { 'scour.provenance': '{"input":"<b>"}' } };
    const store = openStore();
    await store.keep('/m/x.onnx', identity(SHA.a), { ...audit, report: { ...audit.report, model } });
    expect(parentName((await store.entries())[0]!.outcome, [])).toBeNull();
  });

  it('never calls a model clean', async () => {
    const store = openStore();
    const summary = { layers: 0, scored: 0, skipped: 0, channels: 0, outliers: 0 };
    await store.keep(
      '/m/n.onnx',
      identity(SHA.b),
      auditOf('/m/n.onnx', SHA.b, { applicable: false, summary }),
    );
    await store.keep('/m/a.onnx', identity(SHA.a), auditOf('/m/a.onnx', SHA.a, { summary }));
    await store.fail('/m/f.onnx', { name: 'E', reason: 'r', message: 'The file ends too early.' });
    const all = await store.entries();
    const texts = all.flatMap(({ outcome }) => [describeOutcome(outcome, all), explainOutcome(outcome)]);
    expect(texts.join('\n')).not.toMatch(/\b(clean|safe|harmless)\b/i);
    expect(texts).toContain('0 outliers at u = 3');
    expect(texts).toContain('not applicable');
  });
});
