/** Bytes of a file that belong to none of its parts. */
export class HiddenBytes {
  count = 0;
  /** Offset of the first of them; 0 while there are none. */
  at = 0;

  /** Those from `from` up to `to`; none where `to` is not larger. */
  add(from: number, to: number): void {
    if (to <= from) return;
    if (this.count === 0) this.at = from;
    this.count += to - from;
  }
}
