import type { Handlers } from './server';
import { deleteRun, listRuns } from './jobs/cleanse-runs';
import { describeCleansing } from './jobs/describe-cleansing';
import { describeData, previewTrigger } from './jobs/describe-data';
import { evaluateModels } from './jobs/evaluate';
import { exportEvaluation } from './jobs/export-evaluation';
import { exportStudent } from './jobs/export-student';
import { previewPruning } from './jobs/preview';
import { previewStudent } from './jobs/preview-student';
import { pruneModel } from './jobs/prune';
import { runCleansing } from './jobs/run-cleansing';
import { auditModel, identifyModel } from './jobs/scan';
import { runSplit } from './jobs/run-split';
import { moveSuspects, planMove, releaseSuspects } from './jobs/move-suspects';
import { describeLabelled, seedPage } from './jobs/seed-gallery';
import { findSplit } from './jobs/split-results';
import { suspectPage } from './jobs/suspect-page';
import { sweepModel } from './jobs/sweep';
import { locateTfjs } from '../training/tfjs/locate';

/** The jobs of the engine, by method of the protocol. */
export const HANDLERS: Handlers = {
  identify: ({ path }, context) => identifyModel(path, context),
  scan: ({ path, u }, context) => auditModel(path, { u }, context),
  preview: (params, context) => previewPruning(params, { device: 'auto', threads: 0 }, context),
  prune: ({ path, ...options }, context) => pruneModel(path, options, context),
  describeData: (params, context) => describeData(params, context),
  previewTrigger: (params, context) => previewTrigger(params, context),
  evaluate: (params, context) => evaluateModels(params, context),
  sweep: (params, context) => sweepModel(params, context),
  exportEvaluation: (params, context) => exportEvaluation(params, context),
  describeCleansing: ({ path }, context) => describeCleansing(path, context),
  findTfjs: async (search) => ({ packages: await locateTfjs(search) }),
  previewStudent: (params, context) => previewStudent(params, context),
  cleanse: (params, context, live) => runCleansing(params, context, live),
  listRuns: ({ store, key }) => listRuns(store, key),
  deleteRun: ({ store, id }) => deleteRun(store, id),
  exportStudent: (params, context) => exportStudent(params, context),
  split: (params, context, live) => runSplit(params, context, live),
  describeLabelled: ({ data }, context) => describeLabelled(data, context),
  seedPage: (params, context) => seedPage(params, context),
  findSplit: ({ output }) => Promise.resolve().then(() => findSplit(output)),
  suspects: (params, context) => suspectPage(params, context),
  planQuarantine: (params) => planMove(params),
  quarantine: (params) => moveSuspects(params),
  releaseQuarantine: ({ folder }) => releaseSuspects(folder),
};
