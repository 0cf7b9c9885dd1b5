import { closeSync, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { ModelError } from '../protocol/errors';

/** Random access to the bytes of a file, so that a reader takes what it needs and no more. */
export interface ByteSource {
  /** What the user called it; used in error messages. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. Throws `truncated` where the file ends before that. The result may be a view: do not write to it. */
  read(offset: number, length: number): Uint8Array;
  /** Throws `changed-while-reading` where the file is no longer the one that was opened. */
  verifyUnchanged(): void;
  /** Releases the file; closing twice is harmless. */
  close(): void;
}

/** Bytes already in memory. */
export class MemorySource implements ByteSource {
  readonly path: string;
  private readonly bytes: Uint8Array;

  constructor(path: string, bytes: Uint8Array) {
    this.path = path;
    this.bytes = bytes;
  }

  get size(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  verifyUnchanged(): void {
    // Memory does not change behind our back.
  }

  close(): void {
    // Nothing to release.
  }
}

/** Files up to this size are read once and kept, so that hashing and scoring touch the disk once. */
const KEEP_WHOLE = 128 * 1024 * 1024;

/** A file on disk. Small files are read at once; of larger ones each `read` fetches its range. */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  private readonly fd: number;
  private readonly opened: BigIntStats;
  private whole: Uint8Array | null = null;
  private closed = false;

  /** Opens `path`. Throws ModelError `not-found`, `not-a-file` or `unreadable`. */
  constructor(path: string) {
    this.path = path;
    try {
      this.fd = openSync(path, 'r');
    } catch (cause) {
      throw openError(path, cause);
    }
    this.opened = fstatSync(this.fd, { bigint: true });
    if (!this.opened.isFile()) {
      closeSync(this.fd);
      throw new ModelError('not-a-file', path, `${path} is not a regular file.`);
    }
    this.size = Number(this.opened.size);
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    if (this.size <= KEEP_WHOLE) {
      this.whole ??= this.fetch(0, this.size);
      return this.whole.subarray(offset, offset + length);
    }
    return this.fetch(offset, length);
  }

  verifyUnchanged(): void {
    const now = fstatSync(this.fd, { bigint: true });
    const { size, mtimeNs, ctimeNs } = this.opened;
    // A writer can set the time of modification back, but not that of the last change of the inode.
    const isTouched = process.platform !== 'win32' && now.ctimeNs !== ctimeNs;
    if (now.size !== size || now.mtimeNs !== mtimeNs || isTouched) {
      throw new ModelError(
        'changed-while-reading',
        this.path,
        `${this.path} changed while it was read; nothing read from it can be trusted. Try again when it is no longer being written.`,
      );
    }
  }

  close(): void {
    this.whole = null;
    if (!this.closed) closeSync(this.fd);
    this.closed = true;
  }

  private fetch(offset: number, length: number): Uint8Array {
    // Not a Buffer: its slice() would share memory where callers expect a copy.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let done = 0;
    while (done < length) {
      const got = readSync(this.fd, bytes, done, length - done, offset + done);
      if (got === 0) throw truncated(this, offset, length);
      done += got;
    }
    return bytes;
  }
}

function checkRange(source: ByteSource, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new ModelError(
      'malformed',
      source.path,
      `${source.path}: a range of ${length} bytes at ${offset} makes no sense.`,
    );
  }
  if (offset + length > source.size) throw truncated(source, offset, length);
}

function truncated(source: ByteSource, offset: number, length: number): ModelError {
  return new ModelError(
    'truncated',
    source.path,
    `${source.path} is truncated: ${length} bytes are needed at offset ${offset}, but the file ends at ${source.size}.`,
  );
}

function openError(path: string, cause: unknown): ModelError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ModelError('not-found', path, `${path} does not exist.`, { cause });
  if (code === 'EACCES' || code === 'EPERM')
    return new ModelError('unreadable', path, `${path} may not be read (permission denied).`, { cause });
  return new ModelError('unreadable', path, `${path} cannot be opened${code ? ` (${code})` : ''}.`, {
    cause,
  });
}
