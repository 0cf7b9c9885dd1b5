import { ModelError } from '../../protocol/errors';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import { foreignFile } from '../foreign';
import { HIGHEST_PROTOCOL, OP } from '../pickle/opcodes';
import type { ByteSource } from '../source';
import { ZipArchive } from '../zip/archive';
import { ZipError } from '../zip/zip-error';
import { openLegacy } from './legacy';
import { isPyTorchTar, openTar } from './tar';
import { isPyTorchArchive, openArchive } from './zip-checkpoint';

/** Names under which PyTorch files travel. */
const EXTENSIONS = /\.(pt|pth|ckpt|bin|pkl|pickle|tar|pt2|t7)$/i;

/** True where `openPyTorch` should be asked: PyTorch's formats by content; files of its usual names whatever they hold. */
export function matchPyTorch(source: ByteSource): boolean {
  const kind = kindOf(source);
  if (kind === 'zip') return EXTENSIONS.test(source.path) || holdsCheckpoint(source);
  return kind !== null || EXTENSIONS.test(source.path);
}

/**
 * Opens a file of `torch.save` (any version), `torch.jit.save` or `pickle` without running anything in it.
 * @throws ModelError, or CheckpointError with the findings so far, where it cannot be read to its end.
 */
export function openPyTorch(source: ByteSource): Checkpoint {
  if (source.size === 0) throw new ModelError('empty', source.path, `${source.path} is empty.`);
  switch (kindOf(source)) {
    case 'zip':
      return openArchive(source);
    case 'tar':
      return openTar(source);
    case 'pickle':
      return openLegacy(source);
    case 'named':
      return openNamed(source);
    case null:
      throw new ModelError(
        'unsupported-format',
        source.path,
        `${source.path} is neither a zip archive, a tar file nor a pickle, so no file that PyTorch writes.`,
      );
  }
}

/**
 * Opens a file that only its name makes a checkpoint. What is no pickle to its end, and something else by its beginning,
 * is called that; what it would execute as a pickle before it breaks off is told all the same.
 */
function openNamed(source: ByteSource): Checkpoint {
  try {
    return openLegacy(source);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const foreign = foreignFile(source);
    if (foreign === null) throw error;
    // Python imports no name with a zero byte in it, of which a tar archive's headers are full.
    const executed = error.findings.filter(
      ({ id, message }) => id === 'pickle-unsafe-global' && !message.includes('\\u{0}'),
    );
    throw new CheckpointError('unsupported-format', source.path, `${source.path} ${foreign}.`, executed, {
      cause: error,
    });
  }
}

/** What a file is by its first bytes; `named` where they say nothing and its name is one of PyTorch's. */
function kindOf(source: ByteSource): 'zip' | 'tar' | 'pickle' | 'named' | null {
  const head = source.read(0, Math.min(4, source.size));
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) return 'zip';
  const [first, version = 0] = head;
  if (first === OP.PROTO && version >= 1 && version <= HIGHEST_PROTOCOL) return 'pickle';
  if (isPyTorchTar(source)) return 'tar';
  // Protocols 0 and 1 have no header, and torch.load unpickles whatever is no archive.
  return EXTENSIONS.test(source.path) ? 'named' : null;
}

function holdsCheckpoint(source: ByteSource): boolean {
  try {
    return isPyTorchArchive(new ZipArchive(source));
  } catch (error) {
    if (error instanceof ZipError) return false;
    throw error;
  }
}
