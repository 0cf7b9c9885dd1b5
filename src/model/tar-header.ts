/** Bytes of a tar file's headers, and what its data are padded to. */
export const TAR_BLOCK = 512;

/** True where a header's checksum fits: the sum of its bytes, its own field counted as spaces (POSIX.1-1988 ustar). */
export function isTar(header: Buffer): boolean {
  if (header.length < TAR_BLOCK) return false;
  const said = parseInt(
    header
      .toString('latin1', 148, 156)
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  );
  let sum = 8 * 0x20;
  for (let i = 0; i < TAR_BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return sum === said;
}
