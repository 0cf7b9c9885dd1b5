import {
  describePlan,
  planQuarantine,
  quarantine,
  releaseQuarantine,
  suspectedIn,
} from '../../engine/jobs/quarantine';
import { UsageError } from '../../protocol/errors';
import { count } from '../../protocol/wording';
import { CATALOGUE } from '../catalogue';
import { EXIT } from '../exit-code';
import { flag, required } from '../options';
import { print } from '../print';
import type { Command } from './command';

export const QUARANTINE: Command = {
  name: 'quarantine',
  usage: 'scour quarantine SUSPECTS.json --data DIR --output DIR [--yes]   |   scour quarantine DIR --undo',
  summary: CATALOGUE.quarantine,
  help: [
    ['--data DIR', 'the folder of images that was split'],
    ['--output DIR', 'the quarantine: a new folder outside of it'],
    ['--yes', 'move them; without it, only what would be moved is said'],
    ['--undo', 'put everything in the quarantine DIR back to where it came from'],
  ],
  options: {
    data: { type: 'string' },
    output: { type: 'string' },
    yes: { type: 'boolean' },
    undo: { type: 'boolean' },
  },

  async run(positionals, values) {
    const [subject, ...others] = positionals;
    if (subject === undefined || others.length > 0)
      throw new UsageError(
        'missing-argument',
        'Name one list of suspects (suspects.json), or with --undo one quarantine folder.',
      );
    if (flag(values, 'undo')) {
      const restored = releaseQuarantine(subject);
      return print(`${count(restored, 'image')} put back.`);
    }
    const folder = required(values, 'output', 'the quarantine folder');
    const data = required(values, 'data', 'the folder of images');
    const names = suspectedIn(subject);
    if (names.length === 0) return print('No image of the list is suspected; there is nothing to move.');
    const plan = planQuarantine(data, names, folder);
    if (!flag(values, 'yes')) return print(`${describePlan(plan, folder)} Repeat the command with --yes.`);
    await quarantine(plan, folder);
    print(`${count(names.length, 'image')} moved to ${folder}. To undo: scour quarantine ${folder} --undo`);
    return EXIT.done;
  },
};
