import * as v from 'valibot';
import { CleanseReportSchema } from '../protocol/cleanse';
import { EvaluationReportSchema } from '../protocol/evaluation';
import { PruneReportSchema } from '../protocol/prune';
import { ScanFailureSchema, ScanReportSchema } from '../protocol/scan';
import { SplitReportSchema } from '../protocol/split';
import type { Part } from './document';
import { evaluationDocument } from './evaluation-document';
import { evaluationRun } from './evaluation-sarif';
import {
  cleanseDocument,
  failureDocument,
  pruneDocument,
  scanDocument,
  splitDocument,
} from './model-documents';
import type { SarifRun } from './sarif';
import { scanRun } from './scan-sarif';

/** Every kind of result that can be merged, by its `schema`. */
export const ResultSchema = v.variant('schema', [
  ScanReportSchema,
  ScanFailureSchema,
  EvaluationReportSchema,
  PruneReportSchema,
  CleanseReportSchema,
  SplitReportSchema,
]);
export type Result = v.InferOutput<typeof ResultSchema>;

/** A result as it is read in HTML and in Markdown. */
export function resultDocument(result: Result): Part[] {
  switch (result.schema) {
    case 'scour.scan/1':
      return scanDocument(result);
    case 'scour.error/1':
      return failureDocument(result);
    case 'scour.evaluation/1':
      return evaluationDocument(result);
    case 'scour.prune/1':
      return pruneDocument(result);
    case 'scour.cleanse/1':
      return cleanseDocument(result);
    case 'scour.split/1':
      return splitDocument(result);
  }
}

/** A result as a run of a SARIF log. */
export function resultRun(result: Result): SarifRun {
  switch (result.schema) {
    case 'scour.scan/1':
      return scanRun([result], []);
    case 'scour.error/1':
      return scanRun([], [result]);
    case 'scour.evaluation/1':
      return evaluationRun(result);
    case 'scour.prune/1':
      return madeRun(
        'pruned',
        `${result.channels} channels of ${result.input} pruned at u = ${result.u}.`,
        result,
        result.notes,
        true,
      );
    case 'scour.cleanse/1':
      return madeRun(
        'cleansed',
        `Distilled from ${result.input} on ${result.data.images} images (BCU); agreement with it ${result.agreement.toFixed(2)} %, which is no measure of safety.`,
        result,
        result.notes,
        result.status === 'complete',
      );
    case 'scour.split/1':
      return madeRun(
        'trained',
        `Trained on ${result.data.images} images of ${result.data.path} (ASD); ${result.suspects.suspected} of them suspected.`,
        result,
        [],
        true,
      );
  }
}

/** A model that Scour wrote: no finding, only what was done. */
function madeRun(
  rule: string,
  message: string,
  { output: path, sha256 }: { readonly output: string; readonly sha256: string },
  notes: readonly string[],
  successful: boolean,
): SarifRun {
  return {
    artifacts: [{ path, sha256 }],
    results: [{ rule, level: 'info', message, path }],
    notifications: notes.map((note) => ({ id: 'note', level: 'warning', message: note })),
    successful,
  };
}
