import type { EvaluationReport } from '../protocol/evaluation';
import { evaluationHtml } from './evaluation-html';
import { evaluationMarkdown } from './evaluation-markdown';
import { evaluationText } from './evaluation-text';

export type EvaluationFormat = 'text' | 'json' | 'markdown' | 'html';

/** An evaluation in one of its written forms. */
export function renderEvaluation(report: EvaluationReport, format: EvaluationFormat): string {
  switch (format) {
    case 'text':
      return evaluationText(report);
    case 'json':
      return JSON.stringify(report, null, 2);
    case 'markdown':
      return evaluationMarkdown(report);
    case 'html':
      return evaluationHtml(report);
  }
}
