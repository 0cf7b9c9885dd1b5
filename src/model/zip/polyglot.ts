import type { Finding } from '../../protocol/findings';
import type { ByteSource } from '../source';
import { endsAsZip } from './directory';

/** What there is to say of a file that is no zip archive by its beginning and one by its end. `kind`: what it is by its beginning. */
export function zipFindings(source: ByteSource, kind: string): Finding[] {
  if (!endsAsZip(source)) return [];
  return [
    {
      id: 'polyglot-file',
      level: 'error',
      message: `The file is ${kind} and a zip archive at once: readers that look at its beginning and readers that look at its end load different models.`,
    },
  ];
}
