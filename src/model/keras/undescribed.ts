import type { CheckpointTensor } from '../checkpoint-tensor';
import type { Hdf5Description } from '../hdf5/messages';
import type { UndescribedLayer } from './guess';
import { legacyRoot, namesIn, type TensorAt } from './weights-file';

/** The layers of a file without a configuration, and whether their order is that in which they were made. */
export function undescribedLayers(
  description: Hdf5Description,
  tensorAt: TensorAt,
): [UndescribedLayer[], boolean] {
  const root = legacyRoot(description);
  if (root) {
    const layers = namesIn(root.attributes, 'layer_names').flatMap((name) =>
      legacyLayers(description, root.path, name, tensorAt),
    );
    return [layers, true];
  }
  const stores = description.groups.filter(({ path }) => path.endsWith('/vars'));
  return [stores.map(({ path }) => numberedLayer(path, tensorAt)), false];
}

/** One layer, or the layers of a nested model, whose weights the model's list holds. */
function legacyLayers(
  description: Hdf5Description,
  root: string,
  name: string,
  tensorAt: TensorAt,
): UndescribedLayer[] {
  const path = `${root === '/' ? '' : root}/${name}`;
  const group = description.groups.find((each) => each.path === path);
  const layers = new Map<string, Map<string, CheckpointTensor>>();
  for (const weight of namesIn(group?.attributes ?? {}, 'weight_names')) {
    const tensor = tensorAt(`${path}/${weight}`);
    const parts = weight.replace(/:\d+$/, '').split('/');
    const own = parts.length > 1 ? parts.slice(0, -1).join('/') : name;
    if (tensor)
      layers.set(own, (layers.get(own) ?? new Map<string, CheckpointTensor>()).set(parts.at(-1)!, tensor));
  }
  return [...layers].map(([own, weights]) => ({ name: layers.size > 1 ? `${name}/${own}` : name, weights }));
}

/** Roles of numbered weights, from the class that the group is named after. */
function numberedLayer(path: string, tensorAt: TensorAt): UndescribedLayer {
  const name = path.slice(1, -'/vars'.length);
  const tensors: CheckpointTensor[] = [];
  for (let tensor = tensorAt(`${path}/0`); tensor; tensor = tensorAt(`${path}/${tensors.length}`))
    tensors.push(tensor);
  const leaf = name.split('/').at(-1)!;
  const roles = leaf.startsWith('separable_')
    ? ['depthwise_kernel', 'pointwise_kernel', 'bias']
    : leaf.startsWith('depthwise_')
      ? ['depthwise_kernel', 'bias']
      : /^conv\d/.test(leaf)
        ? ['kernel', 'bias']
        : [];
  return { name, weights: new Map(tensors.slice(0, roles.length).map((tensor, i) => [roles[i]!, tensor])) };
}
