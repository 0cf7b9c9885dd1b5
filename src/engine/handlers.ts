import type { Handlers } from './server';
import { describeData, previewTrigger } from './jobs/describe-data';
import { evaluateModels } from './jobs/evaluate';
import { exportEvaluation } from './jobs/export-evaluation';
import { previewPruning } from './jobs/preview';
import { pruneModel } from './jobs/prune';
import { auditModel, identifyModel } from './jobs/scan';
import { sweepModel } from './jobs/sweep';

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
};
