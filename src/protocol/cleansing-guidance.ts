import type { CleanseEpoch, MonitoredPair } from './cleanse';
import { COMBINED_U } from './threshold';
import { visible } from './wording';

/** From here on a watched trigger is said to work still; below, its figure is given without advice. Percent. */
const WORKS = 10;
/** Points by which a rate must move to be spoken of. */
const MOVED = 5;
/** Agreement of student and teacher from which on more can be taken away, and under which much was; percent (docs/cleansing.md). */
const ROOM = 90;
const FORGETFUL = 80;
/** Points of agreement that CLP before may cost (docs/cleansing.md). */
const AFFORDABLE = 5;

/** What a finished run showed, and what to change where a backdoor may be left: sentences, and never a verdict. */
export interface CleansingGuidance {
  readonly seen: string[];
  readonly change: string[];
  /** True where a watched trigger still works. */
  readonly warns: boolean;
}

/** What of a run is looked at. */
export interface LookedAt {
  readonly diverged: boolean;
  /** CLP before; null without. */
  readonly clpU: number | null;
  /** Before the training; null where nothing was watched. */
  readonly before: MonitoredPair | null;
  readonly history: readonly CleanseEpoch[];
  /** The epoch that the student holds. */
  readonly student: CleanseEpoch | undefined;
  /** Of the written student and the teacher on the unlabeled images, in percent; null where it is not known. */
  readonly agreement: number | null;
}

/** The same words in the panel, on the command line and in JSON. */
export function cleansingGuidance(run: LookedAt): CleansingGuidance {
  const { clpU, before, history, student, agreement } = run;
  const seen: string[] = [];
  const change: string[] = [];
  let warns = false;
  if (run.diverged) {
    seen.push(
      'Training diverged: the loss was no longer a number. The student is the one that agreed most with the teacher before that.',
    );
    change.push('Lower the learning rate, or the ratios.');
  }
  for (const { name, asr } of student?.monitored?.attacks ?? []) {
    const rateIn = (monitored: CleanseEpoch['monitored']): number | undefined =>
      monitored?.attacks.find((attack) => attack.name === name)?.asr;
    const teacher = rateIn(before?.teacher);
    const was = teacher === undefined ? '' : ` (teacher: ${percent(teacher)})`;
    const trigger = visible(name, 60);
    seen.push(`With ${trigger}, ${percent(asr)} of images still go to the target${was}.`);
    if (asr < WORKS) continue;
    warns = true;
    const lowest = lowestBefore(asr - MOVED, [
      { when: 'after re-initialisation', asr: rateIn(before?.student) },
      ...history.map((epoch) => ({ when: `in epoch ${epoch.epoch}`, asr: rateIn(epoch.monitored) })),
    ]);
    if (lowest !== null)
      seen.push(`It stood at ${percent(lowest.asr)} ${lowest.when}: training brings ${trigger} back.`);
  }
  const watched = (student?.monitored?.attacks.length ?? 0) > 0;
  if (!watched)
    seen.push(
      'No trigger was watched. That student and teacher agree is no measure of safety: a student that comes closer to its teacher can learn the backdoor back.',
    );
  else if (!warns)
    seen.push('This speaks of the watched triggers alone, not of others that the model may answer to.');
  const accuracy = student?.monitored?.acc ?? null;
  const original = before?.teacher.acc ?? null;
  // A student that is wrong where its teacher was right disagrees with it there.
  if (accuracy === null && agreement !== null)
    seen.push(
      `Student and teacher disagree on ${percent(100 - agreement)} of these images: accuracy on images like them fell by about that much at most.`,
    );
  if (warns || !watched) {
    change.push(
      clpU === null
        ? `Prune with CLP first and hold those channels at zero (preset “CLP + BCU”). In every network of this project’s studies u = ${COMBINED_U} left an ASR under 5 %, also where BCU alone left 100 %.`
        : `Prune more: a CLP threshold below u = ${clpU}. As a rule of thumb, as far as the student agrees at most ${AFFORDABLE} points less than one without CLP.`,
      'Raise the ratios of the later stages, where backdoors mostly sit, and give it more epochs to learn back. What re-drawing alone leaves also depends on which weights are drawn: try another seed.',
    );
    if (agreement !== null && agreement >= ROOM)
      change.push(`There is room for it: student and teacher agree on ${percent(agreement)}.`);
    if (agreement !== null && agreement < FORGETFUL)
      change.push(
        `First win back what was forgotten: student and teacher agree on ${percent(agreement)} only, and more epochs or images bring that up.`,
      );
  }
  if (accuracy !== null && original !== null && original - accuracy > MOVED) {
    seen.push(`Accuracy fell by ${(original - accuracy).toFixed(1)} points, to ${percent(accuracy)}.`);
    change.push('For accuracy: more epochs, more images, or lower ratios in the early stages.');
  }
  return { seen, change, warns };
}

/** The lowest rate, where it lies below `bound`. */
function lowestBefore(
  bound: number,
  rates: readonly { readonly when: string; readonly asr: number | undefined }[],
): { readonly when: string; readonly asr: number } | null {
  let lowest: { when: string; asr: number } | null = null;
  for (const { when, asr } of rates)
    if (asr !== undefined && asr < (lowest?.asr ?? bound)) lowest = { when, asr };
  return lowest;
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}
