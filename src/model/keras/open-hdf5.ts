import { visible } from '../../protocol/wording';
import type { Checkpoint } from '../checkpoint';
import { editedInPlace } from '../edits';
import { readHdf5 } from '../hdf5/open';
import type { ByteSource } from '../source';
import { readContent } from './content';
import { legacyRoot } from './weights-file';

/** Opens an HDF5 file of Keras. Throws as `openKeras` does. */
export function openHdf5(source: ByteSource): Checkpoint {
  return readHdf5(source, (file) => {
    const { description } = file;
    const root = legacyRoot(description);
    const attributes = description.groups.find(({ path }) => path === '/')?.attributes ?? {};
    const text = attributes['model_config'];
    const config = typeof text === 'string' ? text : null;
    const written = attributes['keras_version'] ?? root?.attributes['keras_version'];
    const version = typeof written === 'string' ? written : null;
    const content = readContent({ source, inner: source, file, base: 0, config, version }, []);
    return {
      format: 'keras',
      variant: `Keras HDF5 ${content.described ? 'model' : 'weights'}${version === null ? '' : ` (Keras ${visible(version, 20)})`}`,
      tensors: content.tensors,
      convolutions: content.convolutions,
      graph: content.graph,
      findings: content.findings,
      provenance: {},
      edited: (edits) => editedInPlace(source, edits, content.tensors),
      close: () => file.close(),
    };
  });
}
