import { ModelError } from '../../protocol/errors';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import { byteEdits } from '../edits';
import { readHdf5 } from '../hdf5/open';
import { MADE_BY_SCOUR } from '../made-by-scour';
import type { ByteSource } from '../source';
import { ZipArchive, type ZipMember } from '../zip/archive';
import { ArchiveChecksums } from '../zip/checksums';
import { editedArchive } from '../zip/edit';
import { provenanceIn, provenanceMember, stringRecord } from '../zip/provenance';
import { METHOD } from '../zip/records';
import { ZipError } from '../zip/zip-error';
import { readContent } from './content';

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';
const METADATA = 'metadata.json';
const MAX_METADATA_BYTES = 64 * 1024;
const MAX_CONFIG_BYTES = 64 * 1024 * 1024;

/** True for zip archives with the members of a `.keras` file. */
export function matchArchive(source: ByteSource): boolean {
  const head = source.read(0, Math.min(4, source.size));
  if (!(head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4)) return false;
  try {
    const archive = new ZipArchive(source);
    return archive.member(CONFIG) !== undefined && archive.member(WEIGHTS) !== undefined;
  } catch (error) {
    if (error instanceof ZipError) return false;
    throw error;
  }
}

/** Opens a `.keras` archive. Throws as `openKeras` does. */
export function openArchive(source: ByteSource): Checkpoint {
  const archive = new ZipArchive(source);
  const findings = [...archive.findings];
  const weights = archive.member(WEIGHTS);
  const config = archive.member(CONFIG);
  if (!weights || !config) {
    throw new CheckpointError(
      'unsupported-format',
      source.path,
      `${source.path} is a zip archive without ${WEIGHTS} and ${CONFIG}, so no file of Keras.`,
      findings,
    );
  }
  const inner = archive.open(weights);
  const base = weights.method === METHOD.stored ? weights.dataAt : null;
  const described = { config: textOf(archive, config), version: versionOf(archive) };
  return readHdf5(inner, (file) => {
    const content = readContent({ source, inner, file, base, ...described }, findings);
    const provenance = provenanceIn(archive, '');
    if (Object.keys(provenance).length > 0) findings.push(MADE_BY_SCOUR);
    return {
      format: 'keras',
      variant: 'Keras archive',
      tensors: content.tensors,
      convolutions: content.convolutions,
      graph: content.graph,
      findings: content.findings,
      provenance,
      checksums: () => new ArchiveChecksums(archive),
      edited: (edits, made) =>
        editedArchive(
          archive,
          byteEdits(source.path, edits, content.tensors),
          provenanceMember(archive, '', made),
        ),
      close: () => file.close(),
    };
  });
}

/** Of Keras, as an archive says it in its metadata; null where it does not. */
function versionOf(archive: ZipArchive): string | null {
  const member = archive.member(METADATA);
  if (member?.method !== METHOD.stored || member.size > MAX_METADATA_BYTES) return null;
  const text = Buffer.from(archive.open(member).read(0, member.size)).toString('utf8');
  return stringRecord(text)['keras_version'] ?? null;
}

function textOf(archive: ZipArchive, member: ZipMember): string {
  if (member.size > MAX_CONFIG_BYTES) {
    throw new ModelError(
      'too-large',
      archive.source.path,
      `${archive.source.path} has a configuration of ${member.size} bytes; Scour reads up to ${MAX_CONFIG_BYTES}.`,
    );
  }
  return Buffer.from(archive.open(member).read(0, member.size)).toString('utf8');
}
