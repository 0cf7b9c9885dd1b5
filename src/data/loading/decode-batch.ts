import { DataError } from '../../protocol/errors';
import { fitImage } from '../resize';
import type { DecodeFailure, DecodeReply, DecodeRequest } from './messages';
import { readSample } from './read-sample';

/** Decodes and fits a batch, one image at a time. Images that cannot be read are failures of the reply; nothing else is. */
export async function decodeBatch({ locations, fit }: DecodeRequest): Promise<DecodeReply> {
  const size = fit.width * fit.height * 3;
  const pixels = new Uint8Array(locations.length * size);
  const decoded: number[] = [];
  const failures: DecodeFailure[] = [];
  for (const [index, location] of locations.entries()) {
    try {
      const image = fitImage(await readSample(location), fit, location.path);
      pixels.set(image.data, decoded.length * size);
      decoded.push(index);
    } catch (thrown) {
      if (!(thrown instanceof DataError)) throw thrown;
      failures.push({ index, path: thrown.path, reason: thrown.reason, message: thrown.message });
    }
  }
  return {
    pixels: decoded.length === locations.length ? pixels : pixels.slice(0, decoded.length * size),
    decoded,
    failures,
  };
}
