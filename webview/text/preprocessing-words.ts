import type { Preprocessing } from '../../src/protocol/preprocessing';
import { visible } from '../../src/protocol/wording';

/** How images become the model's input, in one line. */
export function describePreprocessing(preprocessing: Preprocessing): string {
  const { height, width, resize, channels, layout, mean, std, source } = preprocessing;
  const parts = [
    `inputs ${height} × ${width}${resize === null ? '' : ` cut from the centre at short side ${resize}`}`,
    channels.toUpperCase(),
    layout.toUpperCase(),
    mean.length === 0
      ? 'scaled to 0…1 only'
      : `mean ${mean.join(', ')}, std ${std.join(', ')} (from ${visible(source)})`,
  ];
  return `${parts.join('; ')}.`;
}
