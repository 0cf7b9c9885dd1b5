import type { CleansingRun } from '../../src/protocol/cleansing';
import { visible } from '../../src/protocol/wording';
import { formatPercent, formatU } from '../text/format';
import { studentEpoch } from './measures';

/** From here on a watched trigger is said to work still; below, its figure is given without advice. Percent. */
const WORKS = 10;
/** Points by which a rate must move to be spoken of. */
const MOVED = 5;

/** What a finished run showed, and what to change where a backdoor may be left: sentences, and never a verdict. */
export interface Guidance {
  readonly seen: readonly string[];
  readonly change: readonly string[];
  /** True where a watched trigger still works. */
  readonly warns: boolean;
}

export function guidanceFor(run: CleansingRun): Guidance {
  const seen: string[] = [];
  const change: string[] = [];
  const last = studentEpoch(run);
  let warns = false;
  if (run.status === 'diverged') {
    seen.push(
      'Training diverged: the loss was no longer a number. The student is the one that agreed most with the teacher before that.',
    );
    change.push('Lower the learning rate, or the ratios.');
  }
  for (const { name, asr } of last?.monitored?.attacks ?? []) {
    const rates = run.history.flatMap(
      ({ monitored }) => monitored?.attacks.find((attack) => attack.name === name)?.asr ?? [],
    );
    const teacher = run.before?.teacher.attacks.find((attack) => attack.name === name)?.asr;
    const was = teacher === undefined ? '' : ` (teacher: ${formatPercent(teacher)})`;
    const trigger = visible(name, 60);
    seen.push(`With ${trigger}, ${formatPercent(asr)} of images still go to the target${was}.`);
    if (asr < WORKS) continue;
    warns = true;
    const least = Math.min(...rates);
    if (asr > least + MOVED)
      seen.push(
        `It stood at ${formatPercent(least)} in epoch ${rates.indexOf(least) + 1}: training brings ${trigger} back.`,
      );
  }
  const watched = (last?.monitored?.attacks.length ?? 0) > 0;
  if (!watched)
    seen.push(
      'No trigger was watched. That student and teacher agree is no measure of safety: a student that comes closer to its teacher can learn the backdoor back.',
    );
  else if (!warns)
    seen.push('This speaks of the watched triggers alone, not of others that the model may answer to.');
  if (warns || !watched) {
    const { clpU } = run.order;
    change.push(
      clpU === null
        ? 'Prune with CLP first and hold those channels at zero (preset “CLP + BCU”): start at u = 3, then lower. On the BadNets reference network of this project BCU alone left ASR at 100 %, and with u = 2 it fell to 2.4 % at two points of accuracy.'
        : `Prune more: a CLP threshold below u = ${formatU(clpU)}.`,
      'Raise the ratios of the later stages, where backdoors mostly sit, and give it more epochs to learn back.',
    );
  }
  const accuracy = last?.monitored?.acc ?? null;
  const before = run.before?.teacher.acc ?? null;
  if (accuracy !== null && before !== null && before - accuracy > MOVED) {
    seen.push(`Accuracy fell by ${(before - accuracy).toFixed(1)} points, to ${formatPercent(accuracy)}.`);
    change.push('For accuracy: more epochs, more images, or lower ratios in the early stages.');
  }
  return { seen, change, warns };
}
