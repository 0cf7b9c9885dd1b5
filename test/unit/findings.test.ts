import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FINDING_GROUPS, FINDING_KINDS } from '../../src/report/finding-kinds';
import { sarifLog } from '../../src/report/sarif';
import { scanRun } from '../../src/report/scan-sarif';
import type { Finding } from '../../src/protocol/findings';
import type { ScanReport } from '../../src/protocol/scan';
import { runsCode, safetyConcern } from '../../src/protocol/file-safety';
import { findingLine } from '../../src/report/text';
import { hostileFiles } from '../support/hostile';
import { ROOT } from '../support/paths';

/** Ids of findings as the source of the readers writes them, with their levels. */
function idsInSource(): string[] {
  const names = ['src/model', 'src/defenses/clp', 'src/engine/subjects'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(folder, name)),
  );
  const sources = [...names, 'src/report/scan-report.ts'].map((name) =>
    readFileSync(path.join(ROOT, name), 'utf8'),
  );
  const found = sources.flatMap((source) => [
    ...[...source.matchAll(/id: '([a-z0-9-]+)',\s*level:/g)].map(([, id]) => id!),
    ...[...source.matchAll(/\(\s*'([a-z0-9]+(?:-[a-z0-9]+)+)',\s*'(?:note|warning|error)'/g)].map(
      ([, id]) => id!,
    ),
  ]);
  return [...new Set(found)].sort();
}

describe('kinds of findings', () => {
  test('every one that the source makes, or a hostile file must have, is listed', () => {
    const ids = idsInSource();
    expect(ids.length).toBeGreaterThan(45);
    const wanted = [...ids, ...hostileFiles().flatMap(({ expect: { findings } }) => findings)];
    expect(wanted.filter((id) => !FINDING_KINDS.has(id))).toEqual([]);
  });

  test('docs/findings.md has them, with their levels and meaning', () => {
    const documented = [
      ...readFileSync(path.join(ROOT, 'docs/findings.md'), 'utf8').matchAll(
        /^\| `([a-z0-9-]+)` +\| (.*?) +\| (.*?) +\|$/gm,
      ),
    ].map(([, id, levels, says]) => ({ id, levels: levels!.split(', '), says }));
    expect(documented).toEqual(FINDING_GROUPS.flatMap(({ kinds }) => kinds));
  });

  test('the groups are those of the File safety section', () => {
    expect(FINDING_GROUPS.map(({ kinds }) => [...new Set(kinds.map(safetyConcern))])).toEqual([
      ['code'],
      ['file'],
      [null],
    ]);
  });
});

const MODEL = {
  path: '/models/a.pth',
  format: 'pytorch',
  sha256: '0'.repeat(64),
  bytes: 5,
  parameters: 1,
} as const;

function placed(finding: Finding) {
  const summary = { layers: 0, scored: 0, skipped: 0, channels: 0, outliers: 0 };
  const log = sarifLog([
    scanRun(
      [
        {
          schema: 'scour.scan/1',
          model: MODEL,
          u: 3,
          layers: [],
          summary,
          applicable: false,
          findings: [finding],
        } satisfies ScanReport,
      ],
      [],
    ),
  ]);
  const [run] = log.runs;
  return { result: run!.results![0]!.locations![0]!, rule: run!.tool.driver.rules![0]! };
}

test('errors about code are said first, and nothing else is', () => {
  const finding = (id: string, level: Finding['level']): Finding => ({ id, level, message: '' });
  expect(
    runsCode([finding('pickle-module-object', 'warning'), finding('zip-path-escape', 'error')]),
  ).toBeNull();
  expect(runsCode([finding('pickle-unsafe-global', 'error')])).toContain('1 error among the findings');
});

describe('the place of a finding', () => {
  test('in the file itself is a region of it', () => {
    const finding: Finding = {
      id: 'zip-hidden-data',
      level: 'warning',
      message: 'Hidden.',
      location: { offset: 900 },
    };
    const { result, rule } = placed(finding);
    expect(result.physicalLocation!.region).toEqual({ byteOffset: 900, byteLength: 0 });
    expect(result.logicalLocations).toBeUndefined();
    expect(rule.shortDescription!.text).toBe('Bytes of the archive belong to no member.');
    expect(findingLine(finding)).toBe('warning zip-hidden-data: Hidden. (byte 900)');
  });

  test('in a member of an archive is named beside the tensor, and is no region of the file', () => {
    const finding: Finding = {
      ...{ id: 'tensor-unreadable', level: 'warning', message: 'Not read.', tensor: 'conv1.weight' },
      location: { member: 'archive/data.pkl', offset: 12 },
    };
    const { result } = placed(finding);
    expect(result.physicalLocation).toEqual({ artifactLocation: { uri: 'file:///models/a.pth', index: 0 } });
    expect(result.logicalLocations).toEqual([
      { name: 'conv1.weight', kind: 'member' },
      { name: 'archive/data.pkl', kind: 'resource', properties: { byteOffset: 12 } },
    ]);
    expect(findingLine(finding)).toContain('(archive/data.pkl, byte 12)');
  });
});
