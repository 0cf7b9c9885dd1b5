import { calleeName, isNode, tupleItems, type PickleObject, type PickleValue } from '../pickle/values';
import { SliceSource } from '../slice-source';
import { MemorySource, type ByteSource } from '../source';

/** Text that stands for bytes (`_codecs.encode`) is decoded up to this length. */
const MAX_RECODED = 64 * 1024 * 1024;

/** Bytes that a pickle holds. */
export interface HeldBytes {
  /** Where they lie, for a person. */
  readonly label: string;
  readonly length: number;
  readonly open: () => ByteSource;
  /** Offset in the pickle's source; null where they do not lie there as they are. */
  readonly start: number | null;
  /** Offset in the model file; null where they do not lie there as they are. */
  readonly fileOffset: number | null;
}

/** Finds the bytes that values of one pickle stand for. */
export class PickledBytes {
  private readonly pickle: ByteSource;
  private readonly fileOffset: number | null;
  private readonly lengths = new Map<PickleValue | undefined, number>();

  /** `fileOffset` is where the pickle's source begins in the model file, or null where it was unpacked. */
  constructor(pickle: ByteSource, fileOffset: number | null) {
    this.pickle = pickle;
    this.fileOffset = fileOffset;
  }

  /** The bytes that a value stands for, or null where it stands for something else. */
  of(value: PickleValue | undefined): HeldBytes | null {
    const { path } = this.pickle;
    if (isNode(value) && value.kind === 'bytes') {
      const { start, length } = value;
      return {
        label: `bytes ${start} to ${start + length} of ${path}`,
        length,
        open: () => new SliceSource(this.pickle, start, length, path),
        start,
        fileOffset: this.fileOffset === null ? null : this.fileOffset + start,
      };
    }
    // Protocol 2 has no bytes: they come as Latin-1 text that Python encodes again.
    const encoded =
      isNode(value) && calleeName(value) === '_codecs.encode'
        ? tupleItems((value as PickleObject).args)
        : null;
    const text = this.text(encoded ? encoded[0] : value);
    const codec = encoded ? encoded[1] : 'latin1';
    if (text === null || typeof codec !== 'string' || !/^latin-?1$/.test(codec)) return null;
    return {
      label: `text in ${path}`,
      length: this.lengthOf(encoded ? encoded[0] : value, text),
      open: () => new MemorySource(path, Buffer.from(text(), 'latin1')),
      start: null,
      fileOffset: null,
    };
  }

  /** Looked up once a text, for one text may be named a million times. */
  private lengthOf(value: PickleValue | undefined, text: () => string): number {
    let length = this.lengths.get(value);
    if (length === undefined) this.lengths.set(value, (length = text().length));
    return length;
  }

  /** A string's characters, fetched when asked for. */
  private text(value: PickleValue | undefined): (() => string) | null {
    if (typeof value === 'string') return () => value;
    if (!isNode(value) || value.kind !== 'text' || value.length > MAX_RECODED) return null;
    const { start, length } = value;
    return () => Buffer.from(this.pickle.read(start, length)).toString('utf8');
  }
}
