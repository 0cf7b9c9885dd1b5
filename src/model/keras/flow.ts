/** What a step does to the channels of the values that pass through it. */
export type Step<Norm> =
  /** Hands them on as they are, when the model is not trained. */
  | { readonly kind: 'same' }
  /** Works on each channel by itself with Lipschitz constant at most 1: the norm after it still bounds the channel. */
  | { readonly kind: 'channelwise' }
  | { readonly kind: 'norm'; readonly norm: Norm }
  /** Mixes channels, or does what is not known. */
  | { readonly kind: 'other' };

export interface FlowNode<Norm> {
  /** For a person. */
  readonly label: string;
  readonly inputs: readonly number[];
  readonly step: Step<Norm>;
}

/** What lies downstream of a convolution. */
export interface Downstream<Norm> {
  readonly norms: ReadonlySet<Norm>;
  /** Steps between it and the norm that change values. */
  readonly through: ReadonlySet<string>;
  /** What else uses its output, and so sees it without the norm. */
  readonly besides: ReadonlySet<string>;
}

/**
 * Finds the batch norms that a node's output flows into (METHODS.md §1: pair by data flow), for every node of a graph
 * without cycles. A step that takes several values ends the walk: what follows it normalises a sum or a concatenation.
 */
export class Flow<Norm> {
  private readonly nodes: readonly FlowNode<Norm>[];
  private readonly users: readonly (readonly number[])[];
  private readonly outputs: ReadonlySet<number>;

  constructor(nodes: readonly FlowNode<Norm>[], outputs: ReadonlySet<number>) {
    const users = nodes.map((): number[] => []);
    nodes.forEach(({ inputs }, user) => inputs.forEach((input) => users[input]?.push(user)));
    this.nodes = nodes;
    this.users = users;
    this.outputs = outputs;
  }

  /** `start` itself is not looked at. */
  after(start: number): Downstream<Norm> {
    const norms = new Set<Norm>();
    const through = new Set<string>();
    const besides = new Set<string>();
    const seen = new Set<number>([start]);
    const waiting: { node: number; passed: readonly string[] }[] = [{ node: start, passed: [] }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { node, passed } = next;
      if (this.outputs.has(node)) besides.add('the model’s output');
      for (const user of this.users[node]!) {
        const { step, inputs, label } = this.nodes[user]!;
        if (step.kind === 'norm') {
          norms.add(step.norm);
          passed.forEach((name) => through.add(name));
        } else if (step.kind === 'other' || inputs.length > 1) besides.add(label);
        else if (!seen.has(user)) {
          seen.add(user);
          waiting.push({ node: user, passed: step.kind === 'same' ? passed : [...passed, label] });
        }
      }
    }
    return { norms, through, besides };
  }
}

/**
 * The norm that all uses of a convolution flow into, and what to say of it. `besides` speaks only where there is one:
 * every convolution's output is used by something.
 */
export function agreeOn<Norm>(
  uses: readonly Downstream<Norm>[],
  nameOf: (norm: Norm) => string,
): { norm: Norm | null; note: string | null } {
  const norms = new Set(uses.flatMap((use) => [...use.norms]));
  const [norm] = norms;
  if (norm === undefined) return { norm: null, note: null };
  if (norms.size > 1 || uses.some((use) => use.norms.size === 0)) {
    const names = [...norms].map((each) => `'${nameOf(each)}'`).slice(0, 4);
    return {
      norm: null,
      note: `Scored on its weight alone: it is used several times, and ${names.join(', ')} normalise${norms.size > 1 ? '' : 's'} part of the uses.`,
    };
  }
  const through = new Set(uses.flatMap((use) => [...use.through]));
  const besides = new Set(uses.flatMap((use) => [...use.besides]));
  const notes = [
    ...(through.size > 0
      ? [`Between it and '${nameOf(norm)}' lies ${[...through].slice(0, 4).join(', ')}.`]
      : []),
    ...(besides.size > 0
      ? [`${[...besides].slice(0, 4).join(', ')} also uses its output, without the norm.`]
      : []),
  ];
  return { norm, note: notes.length > 0 ? notes.join(' ') : null };
}
