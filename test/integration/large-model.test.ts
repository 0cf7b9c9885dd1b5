import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODEL, GRAPH, NODE, TENSOR } from '../../src/model/onnx/schema';
import { WireWriter } from '../../src/model/onnx/wire-writer';
import type { ScanReport } from '../../src/protocol/scan';
import { startScour } from '../support/cli';
import { inTemporaryFolder } from '../support/jobs';
import { wavy } from '../support/models';

const LAYERS = 12;
const DIMS = [4096, 2048, 3, 3] as const;
const BYTES = DIMS.reduce((a, b) => a * b, 1) * 4;

/** A chain of convolutions whose weights lie in one sparse file of 3.6 GB; the first channel of each is not zero. */
function writeModel(folder: string): string {
  const data = openSync(path.join(folder, 'weights.data'), 'w');
  ftruncateSync(data, LAYERS * BYTES);
  const head = new Uint8Array(wavy(2048 * 9).buffer);
  for (let i = 0; i < LAYERS; i++) writeSync(data, head, 0, head.length, i * BYTES);
  closeSync(data);
  const model = new WireWriter().int(MODEL.irVersion, 8).message(MODEL.graph, (graph) => {
    for (let i = 0; i < LAYERS; i++) {
      graph.message(GRAPH.node, (node) => {
        node.text(NODE.input, i === 0 ? 'x' : `v${i - 1}`).text(NODE.input, `w${i}`);
        node.text(NODE.output, `v${i}`).text(NODE.opType, 'Conv');
      });
      graph.message(GRAPH.initializer, (tensor) => {
        tensor.ints(TENSOR.dims, DIMS).int(TENSOR.dataType, 1).text(TENSOR.name, `w${i}`);
        const entries = { location: 'weights.data', offset: String(i * BYTES), length: String(BYTES) };
        for (const [key, value] of Object.entries(entries)) {
          tensor.message(TENSOR.externalData, (entry) => {
            entry.text(1, key).text(2, value);
          });
        }
        tensor.int(TENSOR.dataLocation, 1);
      });
    }
    graph.message(GRAPH.input, (info) => {
      info.text(1, 'x');
    });
  });
  const file = path.join(folder, 'large.onnx');
  writeFileSync(file, model.finish());
  return file;
}

/** Peak resident memory of a running process in MiB, from Linux's own account. */
function peakMemory(pid: number): number | null {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return peak ? Number(peak[1]) / 1024 : null;
  } catch {
    return null; // it has ended
  }
}

describe.skipIf(process.platform !== 'linux')(
  'a model of several GB (Linux only: memory is read from /proc)',
  () => {
    it('is scanned in under 500 MB', { timeout: 300_000 }, async () => {
      await inTemporaryFolder(async (folder) => {
        const { child, done } = startScour('scan', writeModel(folder), '--format', 'json');
        let peak = 0;
        const watch = setInterval(() => (peak = Math.max(peak, peakMemory(child.pid!) ?? 0)), 50);
        const { code, stdout, stderr } = await done;
        clearInterval(watch);
        expect(stderr).not.toContain('scour:');
        expect(code).toBe(0);
        const report = JSON.parse(stdout) as ScanReport;
        expect(report.summary).toMatchObject({
          scored: LAYERS,
          channels: LAYERS * DIMS[0],
          outliers: LAYERS,
        });
        expect(report.model.external?.[0]?.bytes).toBe(LAYERS * BYTES);
        expect(peak).toBeGreaterThan(30);
        expect(peak).toBeLessThan(500);
      });
    });
  },
);
