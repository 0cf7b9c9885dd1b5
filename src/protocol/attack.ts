import * as v from 'valibot';

const Pixels = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8192));
const Side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8192));
const File = v.pipe(v.string(), v.nonEmpty());

export const PATTERNS = ['checkerboard', 'bcu', 'white'] as const;
export const CORNERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;

/** Sides and places are in pixels of the image as the model is given it; null = the default, which scales with the image. */
export const AttackSchema = v.variant('kind', [
  /** A small square in a corner (Gu et al., BadNets). `size` null = 3 pixels of 32. */
  v.object({
    kind: v.literal('badnets'),
    pattern: v.picklist(PATTERNS),
    size: v.nullable(Side),
    position: v.picklist(CORNERS),
  }),
  /** Any image, pasted with its left upper corner at (x, y), alpha ignored. Sizes null = its own. */
  v.object({
    kind: v.literal('patch'),
    file: File,
    x: Pixels,
    y: Pixels,
    width: v.nullable(Side),
    height: v.nullable(Side),
  }),
  /** (1 − α)·x + α·pattern (Chen et al.); `pattern` null = uniform noise drawn with `seed`. */
  v.object({
    kind: v.literal('blended'),
    alpha: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    pattern: v.nullable(File),
    seed: v.pipe(v.number(), v.safeInteger()),
  }),
  /** x + Δ·sin(2π·column·f/W) (Barni et al.). */
  v.object({
    kind: v.literal('sig'),
    delta: v.pipe(v.number(), v.minValue(0), v.maxValue(255)),
    frequency: v.pipe(v.number(), v.minValue(0), v.maxValue(4096)),
  }),
  /** The test trigger of label-consistent poisoning (Turner et al.): the square of BadNets in all four corners. */
  v.object({ kind: v.literal('lc'), pattern: v.picklist(PATTERNS), size: v.nullable(Side) }),
  /** An elastic warp (Nguyen and Tran): k × k control points, drawn with `seed` unless a file (.json or .npy) holds them. */
  v.object({
    kind: v.literal('wanet'),
    k: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(256)),
    s: v.pipe(v.number(), v.minValue(0), v.maxValue(32)),
    seed: v.pipe(v.number(), v.safeInteger()),
    points: v.nullable(File),
  }),
  /** x + (G(x) − x)·M(x) by two ONNX nets (Nguyen and Tran, input-aware dynamic). */
  v.object({ kind: v.literal('input-aware'), generator: File, mask: File }),
  /** Images that carry a trigger already, in folders named by their true class. */
  v.object({ kind: v.literal('folder'), path: File }),
]);
/** A trigger with all its parameters (METHODS.md §4). */
export type Attack = v.InferOutput<typeof AttackSchema>;
export type AttackKind = Attack['kind'];

/** The parameters of attacks that name a file or a folder. */
export const ATTACK_FILES = ['file', 'pattern', 'points', 'generator', 'mask', 'path'] as const;
export type AttackFile = (typeof ATTACK_FILES)[number];

/** Each attack as it is when nothing is said of its parameters, for those that need no file. */
export const DEFAULT_ATTACKS = {
  badnets: { kind: 'badnets', pattern: 'checkerboard', size: null, position: 'bottom-right' },
  blended: { kind: 'blended', alpha: 0.2, pattern: null, seed: 0 },
  sig: { kind: 'sig', delta: 20, frequency: 6 },
  lc: { kind: 'lc', pattern: 'checkerboard', size: null },
  wanet: { kind: 'wanet', k: 4, s: 0.5, seed: 0, points: null },
} as const satisfies { readonly [K in AttackKind]?: Extract<Attack, { kind: K }> };
