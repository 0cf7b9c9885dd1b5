import type { Attack } from '../protocol/attack';

/** What an attack is, in a few words, with every parameter that matters. File names are untrusted text. */
export function describeAttack(attack: Attack): string {
  switch (attack.kind) {
    case 'badnets':
      return `BadNets: ${attack.pattern} patch, ${squareSize(attack.size)}, ${attack.position}`;
    case 'patch': {
      const { file, x, y, width, height } = attack;
      const size = width === null && height === null ? '' : `, ${width ?? 'own'} × ${height ?? 'own'} pixels`;
      return `Patch: ${file} at (${x}, ${y})${size}`;
    }
    case 'blended':
      return `Blended: α = ${attack.alpha}, ${attack.pattern ?? `uniform noise, seed ${attack.seed}`}`;
    case 'sig':
      return `SIG: Δ = ${attack.delta}, f = ${attack.frequency}`;
    case 'lc':
      return `LC: ${attack.pattern} patch in four corners, ${squareSize(attack.size)}`;
    case 'wanet': {
      const points = attack.points ?? `${attack.k} × ${attack.k} points, seed ${attack.seed}`;
      return `WaNet: s = ${attack.s}, ${points}`;
    }
    case 'input-aware':
      return `Input-aware: generator ${attack.generator}, mask ${attack.mask}`;
    case 'folder':
      return `Images that carry a trigger: ${attack.path}`;
  }
}

function squareSize(size: number | null): string {
  return size === null ? '3 of 32 pixels a side' : `${size} ${size === 1 ? 'pixel' : 'pixels'} a side`;
}

/** Names that tell the attacks of one report apart: the kind, numbered where it comes again; `triggered` for a folder. */
export function attackNames(attacks: readonly Attack[]): string[] {
  const seen = new Map<string, number>();
  return attacks.map(({ kind }) => {
    const name = kind === 'folder' ? 'triggered' : kind;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}-${times}`;
  });
}
