import type { EvaluationReport, SweepReport } from '../../protocol/evaluation';

/** The report with a sweep put beside the model it is of; as it is where the sweep answers another question. */
export function reportWithSweep(report: EvaluationReport, sweep: SweepReport | null): EvaluationReport {
  if (sweep === null || !answersSame(report, sweep)) return report;
  const models = report.models.map((model) =>
    model.path === sweep.path ? { ...model, sweep: sweep.points } : model,
  );
  return { ...report, models };
}

function answersSame(report: EvaluationReport, sweep: SweepReport): boolean {
  const question = ({ data, target, attacks, seed }: EvaluationReport | SweepReport) =>
    JSON.stringify({ data, target, attacks, seed });
  const model = report.models.find(({ path }) => path === sweep.path);
  return (
    model !== undefined &&
    question(report) === question(sweep) &&
    JSON.stringify(model.preprocessing) === JSON.stringify(sweep.preprocessing)
  );
}
