import { int } from '../onnx/build';
import { gelu } from './activations';
import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { layerNorm, linearOnLast, reshape, transpose } from './tokens';

const EPSILON = 1e-6;

/** What a vision transformer's parameters are called. `layer` takes the number of the layer. */
interface Names {
  readonly patch: string;
  readonly classToken: string;
  readonly position: string;
  readonly layer: (
    n: number,
  ) => Readonly<Record<'norm1' | 'norm2' | 'qkvWeight' | 'qkvBias' | 'output' | 'hidden' | 'back', string>>;
  readonly norm: string;
  readonly head: string;
}

const TORCHVISION: Names = {
  patch: 'conv_proj',
  classToken: 'class_token',
  position: 'encoder.pos_embedding',
  layer: (n) => {
    const name = `encoder.layers.encoder_layer_${n}`;
    return {
      norm1: `${name}.ln_1`,
      norm2: `${name}.ln_2`,
      qkvWeight: `${name}.self_attention.in_proj_weight`,
      qkvBias: `${name}.self_attention.in_proj_bias`,
      output: `${name}.self_attention.out_proj`,
      hidden: `${name}.mlp.0`,
      back: `${name}.mlp.3`,
    };
  },
  norm: 'encoder.ln',
  head: 'heads.head',
};

/** As torchvision's published weights, and those it trained until 0.13, have them. */
const OLD_TORCHVISION: Names = {
  ...TORCHVISION,
  layer: (n) => {
    const mlp = `encoder.layers.encoder_layer_${n}.mlp`;
    return { ...TORCHVISION.layer(n), hidden: `${mlp}.linear_1`, back: `${mlp}.linear_2` };
  },
};

const TIMM: Names = {
  patch: 'patch_embed.proj',
  classToken: 'cls_token',
  position: 'pos_embed',
  layer: (n) => ({
    norm1: `blocks.${n}.norm1`,
    norm2: `blocks.${n}.norm2`,
    qkvWeight: `blocks.${n}.attn.qkv.weight`,
    qkvBias: `blocks.${n}.attn.qkv.bias`,
    output: `blocks.${n}.attn.proj`,
    hidden: `blocks.${n}.mlp.fc1`,
    back: `blocks.${n}.mlp.fc2`,
  }),
  norm: 'norm',
  head: 'head',
};

/**
 * Vision transformer (Dosovitskiy et al., ICLR 2021) with a class token, under torchvision's or timm's names. The number
 * of heads does not show in weights: heads have 64 channels, and 80 in the huge size of 1280.
 */
export function vit(net: NetBuilder): Blueprint {
  const names = namesOf(net);
  const [width = 0, channels = 0, patch = 0] = net.dims(`${names.patch}.weight`);
  const heads = width / (width === 1280 ? 80 : 64);
  const [, tokens = 0] = net.dims(names.position);
  const side = Math.sqrt(tokens - 1);
  if (!Number.isInteger(heads) || !Number.isInteger(side))
    throw new Misfit('another number of heads or tokens');
  const image = net.convolution(net.input(channels), names.patch, { stride: patch, padding: 0 });
  const patches = transpose(net, reshape(net, image, [0, width, side * side], width), [0, 2, 1]);
  let x = withClassToken(net, patches, names.classToken);
  x = net.emit('Add', [x.name, net.take(names.position, [1, tokens, width])], width);
  let depth = 0;
  while (net.has(`${names.layer(depth).norm1}.weight`))
    x = layer(net, x, names.layer(depth++), heads, tokens);
  if (depth === 0) throw new Misfit('no layers');
  x = layerNorm(net, x, names.norm, EPSILON);
  const first = net.emit('Gather', [x.name, net.constant([0])], width, { axis: int(1) });
  x = net.linear(net.flatten(first, width), names.head);
  return {
    family: 'ViT',
    detail: `${depth} layers of ${width}, ${heads} heads, patches of ${patch}`,
    inputSize: side * patch,
    model: net.finish(x, channels, side * patch),
  };
}

function namesOf(net: NetBuilder): Names {
  if (net.has(`${TIMM.patch}.weight`)) return TIMM;
  return net.has(`${OLD_TORCHVISION.layer(0).hidden}.weight`) ? OLD_TORCHVISION : TORCHVISION;
}

/** Puts the class token before the patches of every image. */
function withClassToken(net: NetBuilder, patches: Value, name: string): Value {
  const width = patches.channels;
  const batch = net.emit('Shape', [patches.name], 1, { start: int(0), end: int(1) });
  const shape = net.emit('Concat', [batch.name, net.constant([1, width])], 3, { axis: int(0) });
  const token = net.emit('Expand', [net.take(name, [1, 1, width]), shape.name], width);
  return net.emit('Concat', [token.name, patches.name], width, { axis: int(1) });
}

function layer(
  net: NetBuilder,
  x: Value,
  names: ReturnType<Names['layer']>,
  heads: number,
  tokens: number,
): Value {
  const attended = attention(net, layerNorm(net, x, names.norm1, EPSILON), names, heads, tokens);
  const y = net.add(x, attended);
  const normed = layerNorm(net, y, names.norm2, EPSILON);
  const hidden = gelu(net, linearOnLast(net, normed, `${names.hidden}.weight`, `${names.hidden}.bias`));
  return net.add(y, linearOnLast(net, hidden, `${names.back}.weight`, `${names.back}.bias`));
}

/** softmax(QKᵀ/√d)·V by head; queries, keys and values come from one product. */
function attention(
  net: NetBuilder,
  x: Value,
  names: ReturnType<Names['layer']>,
  heads: number,
  tokens: number,
): Value {
  const width = x.channels;
  const size = width / heads;
  const joined = linearOnLast(net, x, names.qkvWeight, names.qkvBias);
  // N × tokens × 3·C → 3 × N × heads × tokens × C/heads
  const split = transpose(net, reshape(net, joined, [0, tokens, 3, heads, size], size), [2, 0, 3, 1, 4]);
  const [queries, keys, values] = [0, 1, 2].map((i) => {
    const picked = net.emit('Gather', [split.name, net.constant([i])], size, { axis: int(0) });
    return net.emit('Squeeze', [picked.name, net.constant([0])], size);
  });
  const products = net.emit('MatMul', [queries!.name, transpose(net, keys!, [0, 1, 3, 2]).name], tokens);
  const scaled = net.emit('Div', [products.name, net.scalar(Math.sqrt(size))], tokens);
  const weights = net.emit('Softmax', [scaled.name], tokens, { axis: int(-1) });
  const mixed = net.emit('MatMul', [weights.name, values!.name], size);
  const together = reshape(net, transpose(net, mixed, [0, 2, 1, 3]), [0, tokens, width], width);
  return linearOnLast(net, together, `${names.output}.weight`, `${names.output}.bias`);
}
