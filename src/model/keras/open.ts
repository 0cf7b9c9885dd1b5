import type { Checkpoint } from '../checkpoint';
import { hdf5Start } from '../hdf5/open';
import type { ByteSource } from '../source';
import { matchArchive, openArchive } from './open-archive';
import { openHdf5 } from './open-hdf5';

/** True where `openKeras` should be asked: HDF5 files, zip archives with the members of a `.keras` file, and whatever is called so. */
export function matchKeras(source: ByteSource): boolean {
  return hdf5Start(source) !== null || /\.keras$/i.test(source.path) || matchArchive(source);
}

/**
 * Opens a Keras file without running anything in it: `.keras` archives of Keras 3 (and TensorFlow 2.12 on), HDF5 files of
 * `Model.save` of Keras 1 and 2, and weights alone of either.
 * @throws ModelError, or CheckpointError with the findings so far.
 */
export function openKeras(source: ByteSource): Checkpoint {
  return hdf5Start(source) === null ? openArchive(source) : openHdf5(source);
}
