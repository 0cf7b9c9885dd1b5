import type { Checkpoint } from './checkpoint';
import { matchKeras, openKeras } from './keras/open';
import { matchPyTorch, openPyTorch } from './pytorch/open';
import { matchSafetensors, openSafetensors } from './safetensors/open';
import { matchSharded, openSharded } from './sharded/open';
import type { ByteSource } from './source';
import { matchTfjs, openTfjs } from './tfjs/open';

interface CheckpointReader {
  readonly match: (source: ByteSource) => boolean;
  readonly open: (source: ByteSource) => Checkpoint;
}

/** In the order they are asked. PyTorch comes last: it takes any file with one of its usual names. */
const READERS: readonly CheckpointReader[] = [
  { match: matchSharded, open: openSharded },
  { match: matchTfjs, open: openTfjs },
  { match: matchSafetensors, open: openSafetensors },
  { match: matchKeras, open: openKeras },
  { match: matchPyTorch, open: openPyTorch },
];

/** The reader of the format that a file of weights has, recognised by content; null where it is none. */
export function checkpointReader(source: ByteSource): ((source: ByteSource) => Checkpoint) | null {
  return READERS.find(({ match }) => match(source))?.open ?? null;
}
