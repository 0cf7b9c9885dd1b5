import type { CheckpointTensor } from '../checkpoint-tensor';
import type { Hdf5Attributes, Hdf5Description, Hdf5Group } from '../hdf5/messages';
import type { LayerWeights, WeightFinder } from './declare';
import type { KerasLayer } from './graph';

/** A dataset's tensor by its path in the HDF5 file. */
export type TensorAt = (path: string) => CheckpointTensor | undefined;

/** Layers of a weights file in the order in which they were made, as far as the file says. */
export interface WeightsFile {
  readonly find: WeightFinder;
  /** What Keras would load in another way than names say, for a person. */
  readonly oddities: ReadonlySet<string>;
}

/** Where `Model.save` and `save_weights` of Keras 1 and 2 put weights: a group a layer, and their names as attributes. */
export function legacyRoot({ groups }: Hdf5Description): Hdf5Group | null {
  const root =
    groups.find(({ path }) => path === '/model_weights') ?? groups.find(({ path }) => path === '/');
  return root && namesIn(root.attributes, 'layer_names').length > 0 ? root : null;
}

/** A list of names; long ones are spread over `layer_names0`, `layer_names1` … */
export function namesIn(attributes: Hdf5Attributes, key: string): string[] {
  const own = (name: string): readonly string[] => {
    const value = Object.hasOwn(attributes, name) ? attributes[name]! : [];
    return typeof value === 'string' ? [value] : value;
  };
  const names = [...own(key)];
  for (let i = 0; Object.hasOwn(attributes, `${key}${i}`); i++) names.push(...own(`${key}${i}`));
  return names;
}

/**
 * Weights in the layout of Keras 1 and 2, which are loaded by order: the n-th name of a layer's list is its n-th weight,
 * whatever it is called. Of a nested model's list, the names tell which layer a weight belongs to.
 */
export function legacyWeights(
  description: Hdf5Description,
  root: Hdf5Group,
  tensorAt: TensorAt,
): WeightsFile {
  const groups = new Map(description.groups.map((group) => [group.path, group]));
  const oddities = new Set<string>();
  const find: WeightFinder = (layer, roles) => {
    const [top = ''] = layer.path;
    const group = groups.get(under(root.path, top));
    if (!group) return { problem: `The file has no weights of layer '${top}'.` };
    const all = namesIn(group.attributes, 'weight_names');
    const own =
      layer.path.length === 1 ? all : all.filter((name) => name.split('/').at(-2) === layer.path.at(-1));
    const found = byOrder(
      roles,
      own.map((name) => tensorAt(under(group.path, name))),
      layer,
    );
    if (!('problem' in found)) {
      own.forEach((name, i) => {
        const leaf = name.replace(/:\d+$/, '').split('/').at(-1)!;
        if (leaf !== roles[i] && roles.includes(leaf)) oddities.add(layer.path.join('/'));
      });
    }
    return found;
  };
  return { find, oddities };
}

/** Weights in the layout of `.keras` archives and `.weights.h5` files: numbered, in a group named after the layer's class. */
export function numberedWeights(description: Hdf5Description, tensorAt: TensorAt): WeightsFile {
  const paths = new Set(description.groups.map(({ path }) => path));
  const find: WeightFinder = (layer, roles) => {
    // Keras 2.12 named the container differently.
    const [store] = [
      layer.storePath,
      layer.storePath.replaceAll(/(^|\/)layers(?=\/)/g, '$1_layer_checkpoint_dependencies'),
    ]
      .map((path) => `/${path}/vars`)
      .filter((path) => paths.has(path));
    if (store === undefined) return { problem: `The file has no weights at '${layer.storePath}'.` };
    const own: CheckpointTensor[] = [];
    for (let i = 0; ; i++) {
      const tensor = tensorAt(`${store}/${i}`);
      if (!tensor) break;
      own.push(tensor);
    }
    return byOrder(roles, own, layer);
  };
  return { find, oddities: new Set() };
}

function byOrder(
  roles: readonly string[],
  tensors: readonly (CheckpointTensor | undefined)[],
  layer: KerasLayer,
): LayerWeights {
  if (tensors.length !== roles.length) {
    return {
      problem: `The file holds ${tensors.length} weights of it, and a ${layer.className} layer of its configuration has ${roles.length}.`,
    };
  }
  const found = new Map<string, CheckpointTensor>();
  for (const [i, tensor] of tensors.entries()) {
    if (!tensor) return { problem: `The file names its weight '${roles[i]!}' and does not hold it.` };
    found.set(roles[i]!, tensor);
  }
  return found;
}

/** HDF5 takes several slashes for one, and a path with a leading slash for absolute; h5py joins them so. */
function under(group: string, name: string): string {
  return `${group === '/' ? '' : group}/${name}`.replace(/\/+/g, '/');
}
