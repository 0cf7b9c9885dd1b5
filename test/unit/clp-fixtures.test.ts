import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIXTURES } from '../support/paths';
import { scan } from '../support/jobs';

interface Expected {
  what: string;
  runs?: boolean;
  ambiguous?: string[];
  skipped?: { name: string; weight?: string }[];
  layers: {
    name: string;
    weight: string;
    norm: string | null;
    operator: string;
    kernel: number[];
    groups: number;
    channels: number;
    uclc: (number | null)[];
  }[];
}

const FOLDER = path.join(FIXTURES, 'onnx');
const { files } = JSON.parse(readFileSync(path.join(FOLDER, 'expected.json'), 'utf8')) as {
  files: Record<string, Expected>;
};

/** Reference: numpy's SVD in float64 of the weights that each fixture's author says it has (test/fixtures/onnx/make.py). */
describe('UCLC and pairing of what exporters write', () => {
  for (const [name, expected] of Object.entries(files)) {
    it(`${name}: ${expected.what}`, async () => {
      const report = await scan(path.join(FOLDER, name));
      const scored = report.layers.filter(({ status }) => status === 'scored');
      expect(
        scored.map(({ weight, norm, operator, kernel, groups, channels }) => ({
          weight,
          norm,
          operator,
          kernel,
          groups,
          channels,
        })),
      ).toEqual(
        expected.layers.map(({ weight, norm, operator, kernel, groups, channels }) => ({
          weight,
          norm,
          operator,
          kernel,
          groups,
          channels,
        })),
      );
      scored.forEach((layer, i) => {
        const reference = expected.layers[i]!.uclc;
        expect(layer.uclc.map((value) => value === null)).toEqual(reference.map((value) => value === null));
        layer.uclc.forEach((value, k) => {
          if (value !== null)
            expect(Math.abs(value - reference[k]!)).toBeLessThanOrEqual(1e-6 * Math.abs(reference[k]!));
        });
      });
      const odd = scored.filter((layer) => layer.uclc.includes(null)).map((layer) => layer.name);
      for (const layer of odd)
        expect(report.findings.some(({ message }) => message.includes(`'${layer}'`))).toBe(true);
      expect(report.applicable).toBe(scored.length > 0);
      expect(
        report.findings.filter(({ id }) => id === 'onnx-ambiguous-tensor').map(({ tensor }) => tensor),
      ).toEqual(expected.ambiguous ?? []);
    });
  }
});
