import { rmSync } from 'node:fs';
import path from 'node:path';
import { resolvePreprocessing } from '../../data/preprocessing';
import { ratiosFromList, redrawnShare } from '../../defenses/bcu/ratios';
import { stagesOf } from '../../defenses/bcu/stages';
import { measureAgreement } from '../../evaluation/agreement';
import { replacementEdits } from '../../model/onnx/replacement';
import { DEFAULT_TRAINING, type PreviewStudentParams, type StudentPreview } from '../../protocol/cleansing';
import { Classifier } from '../../runtime/classifier';
import type { JobContext } from '../job-context';
import { writeOnnxCopy } from '../subjects/onnx-subject';
import { openTrainable } from '../subjects/trainable';
import { temporaryFolder } from '../temporary-folder';
import { makeStudent } from './cleanse-student';

/**
 * What the re-initialised student predicts before any training, beside its teacher, on images as they are. The same seed
 * gives the student that a run starts from. Throws ModelError, DataError, RuntimeError, TrainingError, UsageError or
 * CancelledError.
 */
export async function previewStudent(
  params: PreviewStudentParams,
  context: JobContext,
): Promise<StudentPreview> {
  const { path: input, clpU, seed, device, data, restoreNorms } = params;
  const samples = params.samples ?? Infinity;
  const run = { device, threads: 0 } as const;
  const model = openTrainable(input, 'to cleanse it');
  const { file } = model;
  const folder = temporaryFolder('student');
  try {
    const stages = stagesOf(file);
    const ratios = ratiosFromList(stages, params.ratios);
    const teacher = await Classifier.open(model.onnx, run);
    try {
      const { preprocessing } = resolvePreprocessing({
        modelPath: input,
        shape: teacher.inputShape,
        options: params.preprocessing,
        known: model.known,
      });
      const settings = { ...DEFAULT_TRAINING, seed, restoreNorms };
      const student = await makeStudent(
        file,
        ratios,
        { clpU, settings, data, samples, engine: { name: 'onnxruntime', device: 'cpu' }, run },
        preprocessing,
        context.within(0, 0.3),
      );
      const copy = path.join(folder, 'student.onnx');
      let held: number;
      try {
        held = student.pruned.reduce((sum, { channels }) => sum + channels.length, 0);
        await writeOnnxCopy(
          student.file,
          replacementEdits(student.file, await student.trainer.exportModel()),
          copy,
        );
      } finally {
        await student.release();
      }
      const classifier = await Classifier.open(copy, run);
      try {
        const agreement = await measureAgreement({
          modelPath: input,
          known: model.known,
          original: teacher,
          pruned: classifier,
          images: params.data,
          limit: params.limit,
          seed,
          preprocessing: params.preprocessing,
          signal: context.signal,
          onProgress: (done, total) =>
            context.within(0.3, 1).tick(`Comparing predictions (${done} of ${total})`, done / total),
        });
        return {
          ratios: [...params.ratios],
          clpU,
          seed,
          restoreNorms,
          redrawn: redrawnShare(stages, ratios),
          held,
          agreement,
        };
      } finally {
        await classifier.release();
      }
    } finally {
      await teacher.release();
    }
  } finally {
    model.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
