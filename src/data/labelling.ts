import { DataError } from '../protocol/errors';
import { byCodePoint, type Location, type Sample } from './dataset';

/** Names that are taken for images; what they hold is decided by their content when they are decoded. */
export const IMAGE_NAMES = /\.(?:png|jpe?g|jfif|webp|bmp|ppm|pgm|pnm)$/i;

/**
 * Labels the images of an archive by their folders, as `openFolder` does those of a folder: the first folder of a name
 * is its class, numbered in sorted order. Folders that hold everything (`train/…`) are passed through as long as there
 * are folders in them. Throws DataError `bad-layout` where images lie beside class folders.
 */
export function labelByFolder(
  root: string,
  images: readonly { name: string; location: Location }[],
): { classes: string[] | null; samples: Sample[] } {
  const paths = images.map(({ name }) => name.split('/'));
  let depth = 0;
  while (
    paths.length > 0 &&
    paths.every((parts) => parts.length > depth + 2 && parts[depth] === paths[0]![depth])
  ) {
    depth += 1;
  }
  const inFolders = paths.filter((parts) => parts.length > depth + 1).length;
  if (inFolders > 0 && inFolders < paths.length) {
    throw new DataError(
      'bad-layout',
      root,
      `${root} holds ${paths.length - inFolders} images beside folders of images, so it is neither a labelled set (one folder a class) nor a flat one.`,
    );
  }
  const sorted = images
    .map(({ name, location }, i) => ({ name, location, folder: paths[i]![depth]! }))
    .sort((a, b) => byCodePoint(a.name, b.name));
  if (inFolders === 0) {
    return { classes: null, samples: sorted.map(({ name, location }) => ({ name, location, label: null })) };
  }
  const classes = [...new Set(sorted.map(({ folder }) => folder))].sort(byCodePoint);
  const labels = new Map(classes.map((name, label) => [name, label]));
  const samples = sorted.map(({ name, location, folder }) => ({
    name,
    location,
    label: labels.get(folder)!,
  }));
  return { classes, samples: samples.sort((a, b) => a.label - b.label) };
}
