import { identity, linearAlong } from '../graph/linear-map';
import { range } from '../graph/shape';
import type { Value } from '../graph/value';
import type { GradientRule } from './rule';

/**
 * y = x resampled (nearest, linear, cubic …): a linear map along every axis. Its matrix is what the same operator makes
 * of an identity matrix; dx is the transposed matrix applied to dy, axis by axis.
 */
export const resize: GradientRule = (n) => {
  const { g } = n;
  if (n.text('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize')
    throw n.error('no-gradient', 'has no gradient rule with tf_crop_and_resize');
  const [inputs, outputs] = [n.x().shape, n.y().shape];
  const scales = n.optionalConstant(2);
  const axes = n.ints('axes') ?? range(0, inputs.length);
  const attributes = Object.fromEntries(
    [...n.node.attributes].filter(([name]) => name !== 'axes' && name !== 'keep_aspect_ratio_policy'),
  );
  const matrix = (axis: number): Value => {
    const [from, to] = [inputs[axis]!, outputs[axis]!];
    const shape = [1, 1, to, from];
    const scale = scales?.length ? scales[axes.indexOf(axis)]! : null;
    const target =
      scale === null ? [null, g.integers(shape)] : [g.floats(Float32Array.of(1, 1, scale, 1), [4])];
    const eye = g.reshape(identity(g, from), [1, 1, from, from]);
    const [resized] = g.emit('Resize', [eye, null, ...target], [{ dtype: 'float32', shape }], attributes);
    return g.reshape(resized!, [to, from]);
  };
  return [
    () =>
      inputs.reduce(
        (dy, dim, axis) => (dim === outputs[axis] ? dy : linearAlong(g, dy, matrix(axis), axis)),
        n.dy,
      ),
    null,
    null,
    null,
  ];
};
