import type { ZipArchive } from './archive';
import { METHOD } from './records';

const MAX_BYTES = 256 * 1024;

/** Where Scour notes in an archive what it did; PyTorch reads members by name and passes over this one. */
const NAME = /^\.scour\/provenance(?:\.(\d{1,4}))?\.json$/;

/** What to add to an archive so that it holds a further note; null where there is nothing to note. */
export function provenanceMember(
  archive: ZipArchive,
  root: string,
  made: Readonly<Record<string, string>>,
): { name: string; bytes: Buffer } | null {
  if (Object.keys(made).length === 0) return null;
  return { name: nextName(archive, root), bytes: Buffer.from(JSON.stringify(made, null, 2)) };
}

/** A name for a further note: earlier ones stay, the last one counts. */
function nextName(archive: ZipArchive, root: string): string {
  const last = Math.max(0, ...notes(archive, root).map(({ number }) => number));
  return `${root}.scour/provenance${last === 0 ? '' : `.${last + 1}`}.json`;
}

/** What Scour noted last, or nothing. */
export function provenanceIn(archive: ZipArchive, root: string): Record<string, string> {
  const last = notes(archive, root).sort((a, b) => b.number - a.number)[0];
  if (last?.member.method !== METHOD.stored || last.member.size > MAX_BYTES) return {};
  const text = Buffer.from(archive.open(last.member).read(0, last.member.size)).toString('utf8');
  return stringRecord(text);
}

function notes(archive: ZipArchive, root: string) {
  return archive.members.flatMap((member) => {
    const match = member.name.startsWith(root) ? NAME.exec(member.name.slice(root.length)) : null;
    return match ? [{ member, number: match[1] === undefined ? 1 : Number(match[1]) }] : [];
  });
}

/** The string values of a JSON object; nothing where the text is no such thing (someone else's file). */
export function stringRecord(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
