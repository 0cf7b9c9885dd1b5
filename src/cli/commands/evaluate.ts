import { evaluateModels } from '../../engine/jobs/evaluate';
import { sweepModel } from '../../engine/jobs/sweep';
import { UsageError } from '../../protocol/errors';
import { SWEEP_US, type EvaluateParams, type EvaluationReport } from '../../protocol/evaluation';
import { renderEvaluation, type EvaluationFormat } from '../../report/evaluation-formats';
import type { JobContext } from '../../engine/job-context';
import { attacksOf } from '../attack-options';
import { EXIT } from '../exit-code';
import {
  choice,
  flag,
  number,
  preprocessingOptions,
  required,
  seed,
  sessionOptions,
  text,
  type OptionValues,
} from '../options';
import { emit, writeReport } from '../output';
import { CATALOGUE } from '../catalogue';
import type { Command } from './command';

const FORMATS = ['text', 'json', 'sarif', 'markdown', 'html'] as const satisfies readonly EvaluationFormat[];
const ENDINGS: Readonly<Record<string, EvaluationFormat>> = {
  html: 'html',
  htm: 'html',
  md: 'markdown',
  json: 'json',
  sarif: 'sarif',
};
/** Share of the time that the evaluation before a sweep takes. */
const BEFORE_SWEEP = 0.2;

export const EVALUATE: Command = {
  name: 'evaluate',
  usage: 'scour evaluate MODEL… --data DIR [--triggered DIR | --attack NAME[:key=value,…]]… [--target K]',
  summary: CATALOGUE.evaluate,
  help: [
    ['--data DIR', 'labelled images: a folder a class, an archive of those, CIFAR, IDX, .npz, Parquet …'],
    ['--triggered DIR', 'images that carry a trigger already, in folders named by their true class'],
    ['--attack NAME[:key=value,…]', 'put a trigger on the images; may be given several times:'],
    ['', 'badnets:pattern=checkerboard|bcu|white,size=N,position=bottom-right'],
    ['', 'badnets:patch=FILE,x=X,y=Y[,width=W,height=H]'],
    ['', 'blended:alpha=0.2,pattern=FILE (without a pattern, noise: seed=N)'],
    ['', 'sig:delta=20,frequency=6    lc:pattern=checkerboard,size=N'],
    ['', 'wanet:k=4,s=0.5,seed=N (or points=FILE.npy|.json)'],
    ['', 'input-aware:generator=FILE.onnx,mask=FILE.onnx'],
    ['--target K|all', 'the target class: its number or its name; all: all-to-all, (class + 1) mod K'],
    ['--samples N', 'at most N of the images, spread evenly (default: all)'],
    ['--sweep-u', 'measure each model pruned at u = 0, 0.5 … 10 as well (CLP)'],
    ['--sweep-values LIST', 'the same at these u: 2,2.5,3'],
    ['--evidence', 'also TAC of every channel, embeddings and sample images (html always has them)'],
    ['--max-unreadable SHARE', 'stop where more than this share of the images is unreadable (default: 0.1)'],
    [
      '--format FORMAT',
      'text, json, sarif, markdown or html; --output-report FILE takes its from the ending',
    ],
  ],
  options: {
    data: { type: 'string' },
    triggered: { type: 'string', multiple: true },
    attack: { type: 'string', multiple: true },
    target: { type: 'string' },
    samples: { type: 'string' },
    'sweep-u': { type: 'boolean' },
    'sweep-values': { type: 'string' },
    evidence: { type: 'boolean' },
    'max-unreadable': { type: 'string' },
  },

  async run(models, values, { context, warn }) {
    const [first] = models;
    if (first === undefined)
      throw new UsageError('missing-argument', 'Name at least one model: scour evaluate MODEL… --data DIR');
    const format = choice(values, 'format', FORMATS, 'text');
    const reportFile = text(values, 'output-report');
    const fileFormat = ENDINGS[reportFile?.split('.').at(-1)?.toLowerCase() ?? ''] ?? format;
    const isDetailed = flag(values, 'evidence') || [format, fileFormat].includes('html');
    const params: EvaluateParams = {
      ...paramsOf(values),
      models: [...models],
      // Left to their defaults where a report shows them.
      ...(isDetailed ? {} : { samples: 0, tacImages: 0, embeddingImages: 0 }),
    };
    const us = sweepValues(values);
    let report = await evaluateModels(params, context.within(0, us === null ? 1 : BEFORE_SWEEP));
    if (us !== null) report = await withSweeps(report, params, us, context.within(BEFORE_SWEEP, 1));
    report.warnings.forEach(warn);
    if (reportFile !== undefined)
      await writeReport(renderEvaluation(report, fileFormat), reportFile, [params.data, ...models]);
    await emit(renderEvaluation(report, format), undefined, []);
    if (!report.complete) warn('The result is incomplete: some images were not measured.');
    return report.complete ? EXIT.done : EXIT.failed;
  },
};

function paramsOf(values: OptionValues): Omit<EvaluateParams, 'models'> {
  const data = required(values, 'data', 'a folder of images, or a dataset file');
  const limit = number(values, 'samples', Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER, true);
  const attacks = attacksOf(values);
  const target = text(values, 'target') ?? null;
  return {
    data,
    attacks,
    target,
    limit,
    unreadableLimit: number(values, 'max-unreadable', 0.1, 0, 1),
    seed: seed(values),
    preprocessing: preprocessingOptions(values),
    ...sessionOptions(values),
  };
}

function sweepValues(values: OptionValues): readonly number[] | null {
  const list = text(values, 'sweep-values');
  if (list === undefined) return flag(values, 'sweep-u') ? SWEEP_US : null;
  const us = list.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (us.length > 201 || us.some((u) => !(u >= 0 && u <= 100))) {
    throw new UsageError(
      'bad-value',
      `--sweep-values takes up to 201 numbers from 0 to 100 separated by ',', not '${list}'.`,
    );
  }
  return us;
}

async function withSweeps(
  report: EvaluationReport,
  params: EvaluateParams,
  us: readonly number[],
  context: JobContext,
): Promise<EvaluationReport> {
  const models: EvaluationReport['models'] = [];
  let complete = report.complete;
  for (const [i, model] of report.models.entries()) {
    const part = context.within(i / report.models.length, (i + 1) / report.models.length);
    const sweep = await sweepModel({ ...params, path: model.path, us: [...us] }, part);
    complete &&= sweep.complete;
    models.push({ ...model, sweep: sweep.points });
  }
  return { ...report, models, complete };
}
