import { writeAtomically } from '../../model/atomic-write';
import type { ParamsOf, ResultOf } from '../../protocol/engine';
import { renderEvaluation } from '../../report/evaluation-formats';
import type { JobContext } from '../job-context';

/** Writes a report to a file; never over a model or the data that it is about. Throws OutputError or CancelledError. */
export async function exportEvaluation(
  { report, format, output, force }: ParamsOf<'exportEvaluation'>,
  context: JobContext,
): Promise<ResultOf<'exportEvaluation'>> {
  await context.tick('Writing the report', null);
  const inputs = [report.data.path, ...report.models.map(({ path }) => path)];
  const content = Buffer.from(renderEvaluation(report, format));
  const { bytes, sha256 } = await writeAtomically(output, { force, inputs }, (sink) => sink(content));
  return { output, bytes, sha256 };
}
