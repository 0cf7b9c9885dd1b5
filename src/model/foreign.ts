import type { ByteSource } from './source';
import { TAR_BLOCK, isTar } from './tar-header';

/** What a file is that often stands where a model should, as a sentence about it that says what to do; null for others. */
export function foreignFile(source: ByteSource): string | null {
  const head = Buffer.from(source.read(0, Math.min(TAR_BLOCK, source.size)));
  if (head[0] === 0x1f && head[1] === 0x8b)
    return 'is packed by gzip: unpack it (gunzip, or tar xzf) and scan what is in it';
  const text = head.toString('latin1').trimStart().toLowerCase();
  if (text.startsWith('version https://git-lfs.github.com/spec/'))
    return 'is a Git LFS pointer and not the file that it stands for: fetch that with "git lfs pull"';
  if (/^<(!doctype html|html|\?xml)/.test(text))
    return 'is a web page, as a download that failed leaves behind: fetch the file again';
  if (isTar(head)) return 'is a tar archive of other files: unpack it and scan what is in it';
  return null;
}
