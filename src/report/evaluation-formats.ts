import type { EvaluationReport } from '../protocol/evaluation';
import { documentHtml } from './document-html';
import { documentMarkdown } from './document-markdown';
import { evaluationDocument } from './evaluation-document';
import { evaluationText } from './evaluation-text';
import { evaluationRun } from './evaluation-sarif';
import { sarifLog } from './sarif';

export type EvaluationFormat = 'text' | 'json' | 'markdown' | 'html' | 'sarif';

/** An evaluation in one of its written forms. */
export function renderEvaluation(report: EvaluationReport, format: EvaluationFormat): string {
  switch (format) {
    case 'text':
      return evaluationText(report);
    case 'json':
      return JSON.stringify(report, null, 2);
    case 'sarif':
      return JSON.stringify(sarifLog([evaluationRun(report)]), null, 2);
    case 'markdown':
      return documentMarkdown(evaluationDocument(report));
    case 'html':
      return documentHtml('Scour evaluation', evaluationDocument(report));
  }
}
