import { existsSync, statSync } from 'node:fs';
import { sha256Of } from '../../model/digest';
import { openOnnx } from '../../model/onnx/open';
import { ScourError } from '../../protocol/errors';
import type { JobContext } from '../job-context';
import { filesOf, writeOnnxResult } from '../subjects/onnx-subject';
import { openSubject } from '../subjects/open-subject';
import { RunFolder } from './cleanse-runs';

export interface ExportStudentRequest {
  readonly store: string;
  readonly id: string;
  /** The teacher, which is never written over. */
  readonly path: string;
  readonly output: string;
  readonly force: boolean;
}

/**
 * Writes the student of a finished run to a file of the user's. Throws ScourError `not-finished`, ModelError,
 * OutputError or CancelledError; then nothing carries the output's name.
 */
export async function exportStudent(
  { store, id, path, output, force }: ExportStudentRequest,
  context: JobContext,
): Promise<{ output: string; bytes: number; sha256: string }> {
  const folder = new RunFolder(store, id);
  const { report } = folder.read();
  if (report === null)
    throw new ScourError('not-finished', 'The run has no student yet: let it finish first.');
  const file = openOnnx(folder.student);
  try {
    const files = [...filesOf(file), ...teacherFiles(path)];
    const known = await sha256Of(file.source, (done) => context.tick('Hashing', done / file.source.size));
    if (known !== report.sha256)
      throw new ScourError(
        'damaged-run',
        `${folder.student} is not what the run wrote: it was changed since.`,
      );
    const { sha256 } = await writeOnnxResult(file, [], { output, force, provenance: null, files });
    return { output, bytes: statSync(output).size, sha256 };
  } finally {
    file.close();
  }
}

/** The teacher may have been moved away since. */
function teacherFiles(path: string): readonly string[] {
  if (!existsSync(path)) return [path];
  const teacher = openSubject(path, { withEpsilon: false });
  try {
    return teacher.files;
  } finally {
    teacher.close();
  }
}
