import { ModelError } from '../../protocol/errors';
import { SliceSource } from '../slice-source';
import type { ByteSource } from '../source';

/** Several files read as if they were one. Closing it closes nothing. */
export class JoinedSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  private readonly parts: readonly { readonly source: ByteSource; readonly start: number }[];

  constructor(path: string, sources: readonly ByteSource[]) {
    let size = 0;
    this.parts = sources.map((source) => {
      const start = size;
      size += source.size;
      return { source, start };
    });
    this.path = path;
    this.size = size;
  }

  slice(start: number, length: number): ByteSource {
    return new SliceSource(this, start, length, this.path);
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new ModelError(
        'truncated',
        this.path,
        `${this.path}: ${length} bytes are needed at offset ${offset} of its weights, which end at ${this.size}.`,
      );
    }
    const within = this.parts.find(
      ({ source, start }) => offset >= start && offset + length <= start + source.size,
    );
    if (within) return within.source.read(offset - within.start, length);
    const out = new Uint8Array(length);
    for (const { source, start } of this.parts) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + length, start + source.size);
      if (from < to) out.set(source.read(from - start, to - from), from - offset);
    }
    return out;
  }

  verifyUnchanged(): void {
    for (const { source } of this.parts) source.verifyUnchanged();
  }

  close(): void {
    // The files belong to someone else.
  }
}
