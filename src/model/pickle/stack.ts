import { PickleFault } from './limits';
import type { PickleValue } from './values';

/** The pickle machine's stack, with its marks. */
export class PickleStack {
  private readonly values: PickleValue[] = [];
  /** Heights of the stack at the marks, ascending. */
  private readonly marks: number[] = [];
  private readonly offset: () => number;

  /** `offset` says where the machine is, for errors. */
  constructor(offset: () => number) {
    this.offset = offset;
  }

  push(value: PickleValue): void {
    this.values.push(value);
  }

  mark(): void {
    this.marks.push(this.values.length);
  }

  pop(): PickleValue {
    if (this.values.length <= this.floor()) throw this.underflow();
    return this.values.pop()!;
  }

  /** The value on top, which stays. */
  top(): PickleValue {
    if (this.values.length <= this.floor()) throw this.underflow();
    return this.values[this.values.length - 1]!;
  }

  replaceTop(value: PickleValue): void {
    if (this.values.length <= this.floor()) throw this.underflow();
    this.values[this.values.length - 1] = value;
  }

  /** What lies above the last mark, which goes with it. */
  popMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined)
      throw new PickleFault('malformed', this.offset(), 'a mark is missing on the stack');
    return this.values.splice(mark);
  }

  /** POP: takes a value or, where a mark is on top, the mark. */
  discard(): void {
    if (this.values.length === this.floor() && this.marks.length > 0) this.marks.pop();
    else this.pop();
  }

  private floor(): number {
    return this.marks[this.marks.length - 1] ?? 0;
  }

  private underflow(): PickleFault {
    return new PickleFault('malformed', this.offset(), 'the stack runs empty');
  }
}
