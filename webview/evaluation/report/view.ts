import type { AttackResult, EvaluationReport, ModelEvaluation } from '../../../src/protocol/evaluation';
import { ALL_TO_ALL, targetClass } from '../../../src/protocol/target';
import { visible } from '../../../src/protocol/wording';
import { baseName } from '../../text/format';

/** A report, and the model and the trigger that are looked at. */
export interface ReportView {
  readonly report: EvaluationReport;
  /** Place of the model among the report's. */
  readonly model: number;
  /** Name of the attack; null where no trigger was tried. */
  readonly attack: string | null;
}

/** What each model of a report is called: its file's name, with its folder where two have the same. */
export function modelNames(report: EvaluationReport): string[] {
  const names = report.models.map(({ path }) => baseName(path));
  return report.models.map(({ path }, at) => {
    const own = names[at]!;
    const twice = names.some((name, other) => other !== at && name === own);
    return visible(twice ? path.split(/[\\/]/).slice(-2).join('/') : own, 120);
  });
}

/** What a class is called: "3 cat", or "class 3" where the images have no names for it. */
export function className(report: EvaluationReport, index: number): string {
  const name = report.classes?.[index];
  return name === undefined ? `class ${index}` : `${index} ${visible(name, 60)}`;
}

/** What a prediction is called; there is none where the model's scores were not numbers. */
export function predictionName(report: EvaluationReport, predicted: number | null): string {
  return predicted === null ? 'no prediction' : className(report, predicted);
}

/** The class that the triggers are to send images of class `label` to; null where no trigger was tried. */
export function targetOf(report: EvaluationReport, label: number): number | null {
  return report.target === null ? null : targetClass(report.target, label, report.classes?.length ?? 1);
}

/** "0 airplane", or what all-to-all means. */
export function targetName(report: EvaluationReport): string {
  if (report.target === null) return 'the target';
  return report.target === ALL_TO_ALL
    ? 'the class after their own (all-to-all)'
    : className(report, report.target);
}

/** How many classes the report tells apart: those of the images, and those that were predicted. */
export function classCount(report: EvaluationReport): number {
  return Math.max(
    report.classes?.length ?? 0,
    ...report.models.flatMap(({ predicted, perClass }) => [predicted.length, perClass.length]),
  );
}

export function modelOf({ report, model }: ReportView): ModelEvaluation | undefined {
  return report.models[model];
}

/** The results of one attack on a model. */
export function resultOf(model: ModelEvaluation, attack: string | null): AttackResult | undefined {
  return model.attacks.find(({ name }) => name === attack);
}

/** What an attack is, in words; its name where the report does not say. */
export function attackWords(report: EvaluationReport, attack: string): string {
  return visible(report.attacks.find(({ name }) => name === attack)?.description ?? attack);
}
