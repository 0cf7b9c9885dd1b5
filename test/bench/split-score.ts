import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { SuspectListSchema } from '../../src/protocol/split';

/**
 * Recall and precision of the suspected list, against the list of what `split-data` poisoned.
 *
 *     npm run bench -- split-score FOLDER RESULTS        (RESULTS: what `scour split --output` wrote)
 */
const [folder = '', results = ''] = process.argv.slice(2);
if (folder === '' || results === '') {
  process.stderr.write('npm run bench -- split-score FOLDER RESULTS\n');
  process.exit(4);
}
const poisoned = new Set(readFileSync(path.join(folder, 'poisoned.txt'), 'utf8').trim().split('\n'));
const list = v.parse(
  SuspectListSchema,
  JSON.parse(readFileSync(path.join(results, 'suspects.json'), 'utf8')),
);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
const isPoison = ({ path: name }: (typeof list.samples)[number]): boolean => poisoned.has(name);
const suspected = list.samples.filter((sample) => sample.suspected);
const found = suspected.filter(isPoison).length;
const first = list.samples.slice(0, poisoned.size).filter(isPoison).length;
const trusted = list.samples.filter((sample) => sample.pool === 'clean' && isPoison(sample)).length;
process.stdout.write(
  [
    `${poisoned.size} of ${list.samples.length} poisoned, ${suspected.length} suspected`,
    `recall ${percent(found, poisoned.size)}, precision ${percent(found, suspected.length)}`,
    `${percent(first, poisoned.size)} of the first ${poisoned.size} are poison; ${trusted} poisoned ones in the last clean pool`,
    '',
  ].join('\n'),
);
