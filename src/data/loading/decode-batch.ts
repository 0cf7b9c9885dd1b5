import { DataError } from '../../protocol/errors';
import type { Image } from '../image';
import { fitImage, shrinkWithin } from '../resize';
import type { DecodeFailure, DecodeReply, DecodeRequest, Fit, Within } from './messages';
import { readSample } from './read-sample';

/** Decodes and fits a batch, one image at a time. Images that cannot be read are failures of the reply; nothing else is. */
export async function decodeBatch({ locations, fit }: DecodeRequest): Promise<DecodeReply> {
  const most = ('longest' in fit ? fit.longest ** 2 : fit.width * fit.height) * 3;
  const pixels = new Uint8Array(locations.length * most);
  let used = 0;
  const decoded: number[] = [];
  const sizes: { width: number; height: number }[] = [];
  const failures: DecodeFailure[] = [];
  for (const [index, location] of locations.entries()) {
    try {
      const { data, width, height } = fitted(await readSample(location), fit, location.path);
      pixels.set(data, used);
      used += data.length;
      decoded.push(index);
      sizes.push({ width, height });
    } catch (thrown) {
      if (!(thrown instanceof DataError)) throw thrown;
      failures.push({ index, path: thrown.path, reason: thrown.reason, message: thrown.message });
    }
  }
  return {
    pixels: used === pixels.length ? pixels : pixels.slice(0, used),
    decoded,
    sizes,
    failures,
  };
}

function fitted(image: Image, fit: Fit | Within, path: string): Image {
  return 'longest' in fit ? shrinkWithin(image, fit.longest) : fitImage(image, fit, path);
}
