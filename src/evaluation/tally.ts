import type { AttackResult, ModelEvaluation } from '../protocol/evaluation';
import { targetClass, type Target } from '../protocol/target';
import { NO_PREDICTION } from '../runtime/classifier';
import { percent, wilson } from './interval';

/** Counts one model's predictions on clean images. */
export class CleanTally {
  n = 0;
  readonly classes: number;
  private readonly labelled: boolean;
  private correct = 0;
  private same = 0;
  private missing = 0;
  private readonly perClass: { correct: number; n: number }[];
  private readonly predicted: number[];
  /** label × K + prediction → count. */
  private readonly confusion = new Map<number, number>();

  /** `classes`: K. */
  constructor(classes: number, labelled: boolean) {
    this.classes = classes;
    this.labelled = labelled;
    this.perClass = Array.from({ length: labelled ? classes : 0 }, () => ({ correct: 0, n: 0 }));
    this.predicted = new Array<number>(classes).fill(0);
  }

  /** One image; `reference` is what the model to compare with predicts. */
  add(label: number | null, predicted: number, reference: number): void {
    this.n++;
    if (predicted !== NO_PREDICTION && predicted === reference) this.same++;
    if (predicted === NO_PREDICTION) this.missing++;
    else this.predicted[predicted]!++;
    if (label === null) return;
    const row = this.perClass[label]!;
    row.n++;
    if (predicted === label) {
      row.correct++;
      this.correct++;
    }
    if (predicted !== NO_PREDICTION) {
      const key = label * this.classes + predicted;
      this.confusion.set(key, (this.confusion.get(key) ?? 0) + 1);
    }
  }

  /** Predictions equal to the reference's, in percent. */
  get agreement(): number {
    return percent(this.same, this.n);
  }

  get undefined(): number {
    return this.missing;
  }

  /** ACC in percent, or null without labels. */
  get accuracy(): number | null {
    return this.labelled ? percent(this.correct, this.n) : null;
  }

  result(): Pick<
    ModelEvaluation,
    'acc' | 'accInterval' | 'n' | 'perClass' | 'confusion' | 'predicted' | 'undefined'
  > {
    return {
      acc: this.accuracy,
      accInterval: this.labelled ? wilson(this.correct, this.n) : null,
      n: this.n,
      perClass: this.perClass,
      confusion: [...this.confusion]
        .sort(([a], [b]) => a - b)
        .map(([key, count]) => [Math.floor(key / this.classes), key % this.classes, count]),
      predicted: this.predicted,
      undefined: this.missing,
    };
  }
}

/** Counts one model's predictions on triggered images whose true label is not the target. */
export class AttackTally {
  n = 0;
  private readonly target: Target;
  private hits = 0;
  private recovered = 0;
  private missing = 0;
  private readonly destinations: number[];

  constructor(classes: number, target: Target) {
    this.target = target;
    this.destinations = new Array<number>(classes).fill(0);
  }

  /** Throws RangeError for an image of the target class: it says nothing about the trigger (METHODS.md §4). */
  add(label: number, predicted: number): void {
    const wanted = targetClass(this.target, label, this.destinations.length);
    if (label === wanted) throw new RangeError('ASR counts no images of the target class.');
    this.n++;
    if (predicted === NO_PREDICTION) {
      this.missing++;
      return;
    }
    this.destinations[predicted]!++;
    if (predicted === wanted) this.hits++;
    if (predicted === label) this.recovered++;
  }

  get undefined(): number {
    return this.missing;
  }

  /** ASR and RA (METHODS.md §4), in percent. */
  result(name: string): AttackResult {
    return {
      name,
      asr: percent(this.hits, this.n),
      asrInterval: wilson(this.hits, this.n),
      ra: percent(this.recovered, this.n),
      raInterval: wilson(this.recovered, this.n),
      n: this.n,
      destinations: this.destinations,
      undefined: this.missing,
    };
  }
}
