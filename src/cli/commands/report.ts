import { UsageError } from '../../protocol/errors';
import { count } from '../../protocol/wording';
import { writeAtomically } from '../../model/atomic-write';
import { documentHtml } from '../../report/document-html';
import { documentMarkdown } from '../../report/document-markdown';
import { resultDocument, resultRun, type Result } from '../../report/merged';
import { sarifLog } from '../../report/sarif';
import { CATALOGUE } from '../catalogue';
import { EXIT } from '../exit-code';
import { flag, required } from '../options';
import { emit } from '../output';
import { readResults } from '../result-files';
import type { Command } from './command';

/** How a merged report is written, by the ending of the file. */
const WRITERS: Readonly<Record<string, (results: readonly Result[]) => string>> = {
  html: (results) => documentHtml('Scour report', results.flatMap(resultDocument)),
  htm: (results) => documentHtml('Scour report', results.flatMap(resultDocument)),
  md: (results) => documentMarkdown(results.flatMap(resultDocument)),
  sarif: (results) => `${JSON.stringify(sarifLog(results.map(resultRun)), null, 2)}\n`,
};

export const REPORT: Command = {
  name: 'report',
  usage: 'scour report JSON… --output FILE.html|.md|.sarif',
  summary: CATALOGUE.report,
  help: [
    ['JSON…', 'results of scan, evaluate, prune, cleanse and split, written with --format json'],
    ['--output FILE', 'the report; its ending says how it is written: .html, .md or .sarif'],
    ['--force', 'replace FILE where it exists'],
  ],
  options: { output: { type: 'string' }, force: { type: 'boolean' } },

  async run(files, values) {
    if (files.length === 0)
      throw new UsageError('missing-argument', 'Name at least one result: scour report JSON… --output FILE');
    const output = required(values, 'output', 'the file to write');
    const writer = WRITERS[output.split('.').at(-1)?.toLowerCase() ?? ''];
    if (writer === undefined) {
      throw new UsageError('bad-value', `--output ${output}: its ending must be .html, .md or .sarif.`);
    }
    const results = files.flatMap(readResults);
    const rules = { force: flag(values, 'force'), inputs: files };
    await writeAtomically(output, rules, (sink) => sink(Buffer.from(writer(results))));
    await emit(`${output}: ${count(results.length, 'result')}.`, undefined, []);
    return EXIT.done;
  },
};
