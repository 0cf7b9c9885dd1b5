import { ModelError } from '../../protocol/errors';
import { visible } from '../../protocol/wording';
import type { ByteSource } from '../source';
import { borrowThread, returnThread } from './lending';
import type { Hdf5Description, Hdf5Failure, Hdf5Reply, Hdf5Request, Hdf5Rows } from './messages';
import type { LibraryThread } from './thread';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const MAX_USER_BLOCK = 1024 * 1024;

/**
 * Where a file has HDF5's signature: at its beginning, or after a user block of 512, 1024, 2048 … bytes. Null where it
 * has none.
 */
export function hdf5Start(source: ByteSource): number | null {
  for (
    let at = 0;
    at + SIGNATURE.length <= source.size && at <= MAX_USER_BLOCK;
    at = at === 0 ? 512 : at * 2
  ) {
    const head = source.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => head[i] === byte)) return at;
  }
  return null;
}

/**
 * An HDF5 file read by the real library, compiled to WebAssembly, in another thread. The library is given the
 * file's bytes and no file system, so links, external storage and virtual datasets lead nowhere; its memory is bounded,
 * and it is stopped where it hangs. Calls block.
 */
export class Hdf5File {
  readonly description: Hdf5Description;
  private readonly source: ByteSource;
  private library: LibraryThread | null = null;
  /** The dataset unpacked last: a large weight is asked for in pieces. */
  private last: { readonly dataset: string; readonly bytes: Uint8Array } | null = null;

  /** Throws ModelError `malformed`, `truncated` or `too-large` where the file cannot be read. */
  constructor(source: ByteSource) {
    this.source = source;
    let needsLibrary = false;
    try {
      const reply = this.ask({ kind: 'describe' });
      if (reply.kind !== 'description') throw unexpected(source.path);
      this.description = reply.description;
      needsLibrary = reply.description.datasets.some(
        ({ fileOffset, problem, dims }) => fileOffset === null && problem === null && dims.length > 1,
      );
    } finally {
      // Most files need it no more: their weights lie flat and are read by range. To open it again takes a moment.
      if (!needsLibrary) this.close();
    }
  }

  /** All bytes of a dataset in the file's own type, filters undone. Throws ModelError where it cannot be read. */
  values(dataset: string): Uint8Array {
    if (this.last?.dataset === dataset) return this.last.bytes;
    this.last = null;
    const first = this.rows(dataset, 0);
    const bytes = first.next === null ? first.bytes : this.joined(dataset, first);
    this.last = { dataset, bytes };
    return bytes;
  }

  /** Gives the library back; it is asked for again when it is needed. */
  close(): void {
    if (this.library) returnThread(this.library);
    this.library = null;
    this.last = null;
  }

  private joined(dataset: string, first: Hdf5Rows): Uint8Array {
    const all = new Uint8Array(first.total);
    let rows = first;
    for (let done = 0; ; rows = this.rows(dataset, rows.next)) {
      all.set(rows.bytes, done);
      done += rows.bytes.length;
      if (rows.next === null) return all;
    }
  }

  private rows(path: string, row: number): Hdf5Rows {
    const reply = this.ask({ kind: 'values', path, row });
    if (reply.kind !== 'values') throw unexpected(this.source.path);
    return reply;
  }

  private ask(request: Hdf5Request): Hdf5Reply {
    if (this.library === null || this.library.isStopped) {
      this.library = borrowThread();
      const opened = this.library.open(this.source);
      if (opened.kind === 'failed') {
        this.close();
        throw this.refusal(opened);
      }
    }
    const reply = this.library.ask(request);
    if (reply.kind === 'failed') throw this.refusal(reply);
    return reply;
  }

  private refusal({ reason, message }: Hdf5Failure): ModelError {
    const { path } = this.source;
    return new ModelError(reason, path, `${path} is no HDF5 file that can be read: ${visible(message)}.`);
  }
}

/** Opens a file for `read`, which may keep it open; where `read` throws, the file is closed. Throws as both do. */
export function readHdf5<T>(source: ByteSource, read: (file: Hdf5File) => T): T {
  const file = new Hdf5File(source);
  try {
    return read(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function unexpected(file: string): ModelError {
  return new ModelError('malformed', file, `${file}: the HDF5 library's thread gave no answer.`);
}
