import type { ByteSource } from '../source';
import type { Span } from './graph';
import { WIRE, WireReader } from './wire';
import { varint } from './wire-writer';

/** A change to a file of protocol-buffer messages. Messages are named by the span of their content. */
export type Edit =
  /** New content for a message. */
  | { readonly kind: 'replace'; readonly message: Span; readonly bytes: Uint8Array }
  /** Whole fields in front of the field that holds the message. */
  | { readonly kind: 'before'; readonly message: Span; readonly bytes: Uint8Array }
  /** Whole fields at the end of a message. */
  | { readonly kind: 'append'; readonly message: Span; readonly bytes: Uint8Array }
  /** Other bytes of the same number, anywhere. */
  | { readonly kind: 'overwrite'; readonly start: number; readonly bytes: Uint8Array };

/** A stretch of the result: taken from the file, or new. */
type Piece = Span | Uint8Array;

const COPY = 4 * 1024 * 1024;

/**
 * The file with the edits made, handed to `sink` in order. Every byte that no edit touches is copied as it stands;
 * only the length prefixes around an edit change. Memory stays bounded by the edits.
 */
export function writeEdited(
  source: ByteSource,
  edits: readonly Edit[],
  sink: (bytes: Uint8Array) => void,
): void {
  const structural = edits.filter((edit) => edit.kind !== 'overwrite');
  const overwrites = edits.filter((edit) => edit.kind === 'overwrite').sort((a, b) => a.start - b.start);
  const root = { start: 0, end: source.size };
  for (const piece of merged(rewrite(source, root, structural).pieces)) {
    if (piece instanceof Uint8Array) sink(piece);
    else copy(source, piece, overwrites, sink);
  }
}

type Structural = Exclude<Edit, { kind: 'overwrite' }>;

/** The content of one message with its edits; `size` is the number of bytes of all pieces. */
function rewrite(
  source: ByteSource,
  message: Span,
  edits: readonly Structural[],
): { pieces: Piece[]; size: number } {
  const replacement = edits.find((edit) => edit.kind === 'replace' && isSame(edit.message, message));
  if (replacement) return { pieces: [replacement.bytes], size: replacement.bytes.length };
  const appended = edits
    .filter((edit) => edit.kind === 'append' && isSame(edit.message, message))
    .map(({ bytes }) => bytes);
  const below = edits.filter((edit) => !isSame(edit.message, message));
  const pieces: Piece[] = [];
  let from = message.start;
  let position = 0;
  const sorted = [...below].sort((a, b) => a.message.start - b.message.start);
  const reader = new WireReader(source, message, 'message');
  while (position < sorted.length && reader.next()) {
    if (reader.wire !== WIRE.bytes) continue;
    const tagStart = reader.fieldStart;
    const { field } = reader;
    const content = reader.span();
    const inside: Structural[] = [];
    while (
      position < sorted.length &&
      sorted[position]!.message.start < Math.max(content.end, content.start + 1)
    ) {
      if (isWithin(sorted[position]!.message, content)) inside.push(sorted[position]!);
      position++;
    }
    if (inside.length === 0) continue;
    pieces.push({ start: from, end: tagStart });
    for (const edit of inside)
      if (edit.kind === 'before' && isSame(edit.message, content)) pieces.push(edit.bytes);
    const inner = rewrite(
      source,
      content,
      inside.filter((edit) => edit.kind !== 'before' || !isSame(edit.message, content)),
    );
    pieces.push(varint(field * 8 + WIRE.bytes), varint(inner.size), ...inner.pieces);
    from = content.end;
  }
  pieces.push({ start: from, end: message.end }, ...appended);
  return { pieces, size: pieces.reduce((sum, piece) => sum + sizeOf(piece), 0) };
}

function isSame(a: Span, b: Span): boolean {
  return a.start === b.start && a.end === b.end;
}

function isWithin(inner: Span, outer: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

function sizeOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start;
}

/** Neighbouring stretches of the file joined, empty ones dropped. */
function merged(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (sizeOf(piece) === 0) continue;
    if (last && !(last instanceof Uint8Array) && !(piece instanceof Uint8Array) && last.end === piece.start) {
      out[out.length - 1] = { start: last.start, end: piece.end };
    } else out.push(piece);
  }
  return out;
}

function copy(
  source: ByteSource,
  span: Span,
  overwrites: readonly Extract<Edit, { kind: 'overwrite' }>[],
  sink: (bytes: Uint8Array) => void,
): void {
  for (let start = span.start; start < span.end; start += COPY) {
    const end = Math.min(start + COPY, span.end);
    const touching = overwrites.filter((edit) => edit.start < end && edit.start + edit.bytes.length > start);
    const bytes =
      touching.length === 0
        ? source.read(start, end - start)
        : new Uint8Array(source.read(start, end - start));
    for (const edit of touching) {
      const skip = Math.max(0, start - edit.start);
      const take = edit.bytes.subarray(skip, Math.min(edit.bytes.length, end - edit.start));
      bytes.set(take, edit.start + skip - start);
    }
    sink(bytes);
  }
}
