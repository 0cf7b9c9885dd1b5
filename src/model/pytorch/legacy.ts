import type { Finding } from '../../protocol/findings';
import type { Checkpoint } from '../checkpoint';
import { editedInPlace } from '../edits';
import type { WholePickle } from './read-pickle';
import type { ByteSource } from '../source';
import { zipFindings } from '../zip/polyglot';
import { assembleTensors } from './assemble';
import { readStream } from './legacy-stream';
import { nestedStorages } from './nested';
import { NumpyReader } from './numpy';
import { PickledBytes } from './pickled-bytes';
import { TensorRebuilder } from './rebuild';
import type { StorageResolver } from './storages';

const PLACE = { reader: 'torch.load' };

/**
 * Opens a file of pickles: what `torch.save` wrote before PyTorch 1.6, or a plain pickle, of which `torch.load` still
 * executes the first.
 * @throws CheckpointError where a pickle or a storage is cut short or broken.
 */
export function openLegacy(source: ByteSource): Checkpoint {
  const findings: Finding[] = [];
  findings.push(...zipFindings(source, 'a pickle'));
  const stream = readStream(source, 0, PLACE, findings);
  if ('main' in stream) {
    trailing(source, stream.end, findings);
    return checkpointOf(source, stream.main, stream.resolve, 'PyTorch checkpoint (before 1.6)', findings);
  }
  findings.push({
    id: 'pickle-not-torch',
    level: 'warning',
    message:
      'This is a plain pickle, not a file of torch.save; torch.load executes it and fails afterwards, pickle.load and joblib load it.',
    location: { offset: 0 },
  });
  trailing(source, stream.end, findings);
  return checkpointOf(
    source,
    stream,
    () => 'is in a storage that the file does not hold',
    'pickle',
    findings,
  );
}

function checkpointOf(
  source: ByteSource,
  pickle: WholePickle,
  resolve: StorageResolver,
  variant: string,
  findings: Finding[],
): Checkpoint {
  const bytes = new PickledBytes(source, 0);
  const nested = nestedStorages(pickle, bytes, PLACE, findings);
  const rebuilder = new TensorRebuilder(resolve, new NumpyReader(bytes), { nested });
  const tensors = assembleTensors(source.path, pickle.root, (value) => rebuilder.tensorOf(value), findings);
  return {
    format: 'pytorch',
    variant,
    tensors,
    findings,
    provenance: {},
    edited: (edits) => editedInPlace(source, edits, tensors),
  };
}

function trailing(source: ByteSource, end: number, findings: Finding[]): void {
  const bytes = source.size - end;
  if (bytes <= 0) return;
  findings.push({
    id: 'pickle-trailing-data',
    level: 'warning',
    message: `${bytes} bytes follow the end of the checkpoint; PyTorch ignores them.`,
    location: { offset: end },
  });
}
