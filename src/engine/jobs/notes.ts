/** What a job has to say beside its result: told at once, and kept for its report. */
export class Notes {
  readonly said: string[] = [];
  private readonly tell: (note: string) => void;

  constructor(tell: (note: string) => void) {
    this.tell = tell;
  }

  readonly add = (note: string): void => {
    this.said.push(note);
    this.tell(note);
  };
}
