import { ModelError } from '../protocol/errors';
import type { ByteSource } from './source';

/** A stretch of another source, as a source of its own: a file stored in an archive. Closing it closes nothing. */
export class SliceSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  /** Where the stretch begins in the whole. */
  readonly start: number;
  private readonly whole: ByteSource;

  /** @throws ModelError `truncated` where the whole ends before the stretch does. */
  constructor(whole: ByteSource, start: number, size: number, path: string) {
    this.whole = whole;
    this.start = start;
    this.size = size;
    this.path = path;
    if (start + size > whole.size) {
      throw new ModelError('truncated', path, `${path} ends ${start + size - whole.size} bytes too early.`);
    }
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new ModelError(
        'truncated',
        this.path,
        `${this.path} is truncated: ${length} bytes are needed at offset ${offset}, but it ends at ${this.size}.`,
      );
    }
    return this.whole.read(this.start + offset, length);
  }

  verifyUnchanged(): void {
    this.whole.verifyUnchanged();
  }

  close(): void {
    // The whole belongs to someone else.
  }
}
