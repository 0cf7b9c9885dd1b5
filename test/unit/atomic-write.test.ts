import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/model/atomic-write';
import { OutputError } from '../../src/protocol/errors';
import { inTemporaryFolder } from '../support/jobs';

const RULES = { force: false, inputs: [] };

describe('writing an output', () => {
  it('leaves nothing when the work fails halfway', async () => {
    await inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'out');
      const work = writeAtomically(output, RULES, (sink) => {
        sink(Buffer.from('half'));
        throw new RangeError('broken');
      });
      await expect(work).rejects.toThrow('broken');
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  it('does not replace a file that appears while it works', async () => {
    await inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'out');
      const work = writeAtomically(output, RULES, (sink) => {
        sink(Buffer.from('ours'));
        writeFileSync(output, 'theirs');
      });
      await expect(work).rejects.toThrow(OutputError);
      expect(readFileSync(output, 'utf8')).toBe('theirs');
      expect(readdirSync(folder)).toEqual(['out']);
    });
  });

  it('removes what a killed process left of the same output, and nothing else', async () => {
    await inTemporaryFolder(async (folder) => {
      const dead = spawnSync(process.execPath, ['-e', '0']).pid;
      const orphan = `.out.${dead}-0123456789ab.tmp`;
      const others = [
        `.out.${process.pid}-0123456789ab.tmp`,
        `.other.${dead}-0123456789ab.tmp`,
        '.out.notes.tmp',
      ];
      for (const name of [orphan, ...others]) writeFileSync(path.join(folder, name), 'x');
      await writeAtomically(path.join(folder, 'out'), RULES, (sink) => sink(Buffer.from('done')));
      expect(existsSync(path.join(folder, orphan))).toBe(false);
      expect(readdirSync(folder).sort()).toEqual([...others, 'out'].sort());
    });
  });
});
