import type { Handlers } from './server';
import { previewPruning } from './jobs/preview';
import { pruneModel } from './jobs/prune';
import { auditModel, identifyModel } from './jobs/scan';

/** The jobs of the engine, by method of the protocol. */
export const HANDLERS: Handlers = {
  identify: ({ path }, context) => identifyModel(path, context),
  scan: ({ path, u }, context) => auditModel(path, { u }, context),
  preview: (params, context) => previewPruning(params, { device: 'auto', threads: 0 }, context),
  prune: ({ path, ...options }, context) => pruneModel(path, options, context),
};
