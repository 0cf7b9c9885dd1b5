/** A tensor as far as pairing needs it. */
export interface NamedShape {
  readonly name: string;
  readonly dims: readonly number[];
}

/** The parameters of one module. */
export interface Parameters {
  /** `layer1.0.conv1`. */
  readonly module: string;
  /** `layer1.0`. */
  readonly parent: string;
  /** `conv1`. */
  readonly leaf: string;
  /** The leaf without its trailing number: `conv`. */
  readonly stem: string;
  readonly number: number | null;
  /** Place among the modules of the file. */
  readonly group: number;
}

export interface NamedConvolution<T extends NamedShape> extends Parameters {
  /** C_out × C_in/groups × kernel. */
  readonly weight: T;
  readonly bias: T | null;
  readonly channels: number;
}

export interface NamedNorm<T extends NamedShape> extends Parameters {
  /** γ and β; null for a batch norm without scale and shift. */
  readonly weight: T | null;
  readonly bias: T | null;
  readonly runningVariance: T;
  readonly channels: number;
}

export interface ParameterShapes<T extends NamedShape> {
  readonly convolutions: readonly NamedConvolution<T>[];
  readonly norms: readonly NamedNorm<T>[];
  /** True where the order of the tensors is that of definition; false where they are sorted by name. */
  readonly inOrder: boolean;
}

/** Finds convolutions (weights of 3 to 5 dimensions) and batch norms (a running variance) among named tensors. */
export function shapesOf<T extends NamedShape>(tensors: readonly T[]): ParameterShapes<T> {
  const modules = new Map<string, Map<string, T>>();
  for (const tensor of tensors) {
    const dot = tensor.name.lastIndexOf('.');
    const module = tensor.name.slice(0, Math.max(0, dot));
    const own = modules.get(module);
    if (own) own.set(tensor.name.slice(dot + 1), tensor);
    else modules.set(module, new Map([[tensor.name.slice(dot + 1), tensor]]));
  }
  const convolutions: NamedConvolution<T>[] = [];
  const norms: NamedNorm<T>[] = [];
  let group = 0;
  for (const [module, own] of modules) {
    const place = placeOf(module, group++);
    const runningVariance = own.get('running_var');
    if (runningVariance?.dims.length === 1) {
      const vector = (name: string): T | null => {
        const found = own.get(name);
        return found?.dims.length === 1 && found.dims[0] === runningVariance.dims[0] ? found : null;
      };
      const channels = runningVariance.dims[0]!;
      norms.push({ ...place, weight: vector('weight'), bias: vector('bias'), runningVariance, channels });
    }
    for (const [name, weight] of own) {
      if (!isConvolution(name, weight)) continue;
      const channels = weight.dims[0]!;
      const bias = own.get(name.replace(/weight$/, 'bias'));
      const fits = name.endsWith('weight') && bias?.dims.length === 1 && bias.dims[0] === channels;
      convolutions.push({
        ...placeOf(name === 'weight' ? module : `${module}.${name}`, place.group),
        parent: place.parent,
        weight,
        bias: fits ? bias : null,
        channels,
      });
    }
  }
  return { convolutions, norms, inOrder: !isSorted(tensors) };
}

/** TorchScript's constants have no names; elsewhere embeddings and tokens have 3 dimensions too, but other names. */
function isConvolution(name: string, { name: full, dims }: NamedShape): boolean {
  return dims.length >= 3 && dims.length <= 5 && (name.endsWith('weight') || /^constants\.\d+$/.test(full));
}

function placeOf(module: string, group: number): Parameters {
  const dot = module.lastIndexOf('.');
  const leaf = module.slice(dot + 1);
  const [, stem, number] = /^(.*?)(\d*)$/s.exec(leaf)!;
  return {
    module,
    parent: module.slice(0, Math.max(0, dot)),
    leaf,
    stem: stem!,
    number: number === '' ? null : Number(number),
    group,
  };
}

/** Some writers sort tensors by name, which says nothing of the order of definition. */
function isSorted(tensors: readonly NamedShape[]): boolean {
  return tensors.length > 1 && tensors.every(({ name }, i) => i === 0 || tensors[i - 1]!.name <= name);
}
