import { compareModels } from '../../engine/jobs/preview';
import { pruneModel } from '../../engine/jobs/prune';
import { requireGraph } from '../../engine/subjects/model-graph';
import { UsageError } from '../../protocol/errors';
import type { PruneReport } from '../../protocol/prune';
import { DEFAULT_U } from '../../protocol/threshold';
import { pruneText } from '../../report/text';
import { EXIT } from '../exit-code';
import { choice, flag, number, preprocessingOptions, required, seed, sessionOptions, text } from '../options';
import { emit } from '../output';
import { CATALOGUE } from '../catalogue';
import type { Command } from './command';

export const PRUNE: Command = {
  name: 'prune',
  usage: 'scour prune MODEL --output OUT [options]',
  summary: CATALOGUE.prune,
  help: [
    ['--output OUT', 'the new model file; never the input'],
    ['--u NUMBER', `silence channels above mean + u·std of their layer (default: ${DEFAULT_U})`],
    ['--with-eps', "add each batch norm's epsilon to its variance (the CLP reference does not)"],
    ['--force', 'replace OUT where it exists'],
    ['--data DIR', 'then run both models on these images and say how often they agree'],
    ['--samples N', 'at most N of the images (default: all)'],
  ],
  options: {
    output: { type: 'string' },
    u: { type: 'string' },
    'with-eps': { type: 'boolean' },
    force: { type: 'boolean' },
    data: { type: 'string' },
    samples: { type: 'string' },
  },

  async run(positionals, values, { context, warn }) {
    const [input, ...others] = positionals;
    if (input === undefined)
      throw new UsageError('missing-argument', 'Name the model file: scour prune MODEL --output OUT');
    if (others.length > 0)
      throw new UsageError('bad-value', `scour prune takes one model, not ${positionals.length}.`);
    const output = required(values, 'output', 'the file to write');
    const format = choice(values, 'format', ['text', 'json'], 'text');
    const u = number(values, 'u', DEFAULT_U, 0, 100);
    const images = text(values, 'data');
    const compare = {
      path: input,
      limit: number(values, 'samples', Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER, true),
      seed: seed(values),
      preprocessing: preprocessingOptions(values),
    };
    const run = sessionOptions(values);
    const options = { u, withEpsilon: flag(values, 'with-eps'), output, force: flag(values, 'force') };
    if (images !== undefined) requireGraph(input);
    let report: PruneReport = await pruneModel(
      input,
      options,
      context.within(0, images === undefined ? 1 : 0.3),
    );
    report.notes.forEach(warn);
    if (images !== undefined) {
      const agreement = await compareModels({ ...compare, images }, output, run, context.within(0.3, 1));
      report = { ...report, agreement };
      agreement.warnings.forEach(warn);
    }
    const reportFile = text(values, 'output-report');
    await emit(format === 'json' ? JSON.stringify(report, null, 2) : pruneText(report), reportFile, [
      input,
      output,
    ]);
    return EXIT.done;
  },
};
