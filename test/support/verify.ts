import type { Checkpoint } from '../../src/model/checkpoint';
import type { Finding } from '../../src/protocol/findings';
import { MemorySource, type ByteSource } from '../../src/model/source';

/** Findings of the checksums of the file which the checkpoint was opened from, and of its parts: fed piece by piece. */
export function checksumFindings(
  checkpoint: Checkpoint,
  from: ByteSource | Uint8Array,
  piece = 65_536,
): Finding[] {
  const file = from instanceof Uint8Array ? new MemorySource('model', from) : from;
  return [file, ...(checkpoint.parts ?? [])].flatMap((each) => {
    const checksums = checkpoint.checksums?.(each);
    if (!checksums) return [];
    for (let at = 0; at < each.size; at += piece)
      checksums.take(each.read(at, Math.min(piece, each.size - at)));
    return checksums.findings();
  });
}
