import type { AuditAtU } from '../scan/at-u';
import { formatCount, formatU, formatZ, plural } from './format';

/** What the scan found at this u, in one or two sentences. States what was measured and never a verdict. */
export function scored(view: AuditAtU): string {
  const all = view.scored.length === view.layers.length;
  const layers = all
    ? `All ${plural(view.layers.length, 'convolution')}`
    : `${formatCount(view.scored.length)} of ${plural(view.layers.length, 'convolution')}`;
  const verb = view.scored.length === 1 && !all ? 'was' : 'were';
  return `${layers} ${verb} scored: ${plural(view.channels, 'channel')}. ${outliersSentence(view)}`;
}

function outliersSentence(view: AuditAtU): string {
  const line = `mean + ${formatU(view.u)} · std of their layer`;
  if (view.outliers === 0) return `At u = ${formatU(view.u)} no channel lies above ${line}.`;
  const verb = view.outliers === 1 ? 'lies' : 'lie';
  const where = `in ${plural(view.layersWithOutliers, 'layer')}`;
  const largest = view.largestZ === null ? '' : `; the largest z-score is ${formatZ(view.largestZ)}`;
  return `At u = ${formatU(view.u)}, ${plural(view.outliers, 'channel')} ${where} ${verb} above ${line}${largest}.`;
}

/** What could not be tested, or null where everything was. */
export function untested(view: AuditAtU): string | null {
  const parts: string[] = [];
  if (view.skipped.length > 0) {
    const verb = view.skipped.length === 1 ? 'was' : 'were';
    parts.push(`${plural(view.skipped.length, 'layer')} ${verb} not scored; the reasons are listed below.`);
  }
  if (view.unreachable > 0) {
    const have = view.unreachable === 1 ? 'has' : 'have';
    parts.push(
      `${plural(view.unreachable, 'layer')} ${have} too few channels for any of them to be flagged at this u.`,
    );
  }
  return parts.length === 0 ? null : parts.join(' ');
}

/** How to read outliers: the figures are of the two reference networks that this project measures itself on. */
export const OUTLIERS_PROVE_NOTHING =
  'Networks without a backdoor show outliers too: of two reference ResNet-18 networks, the one without a backdoor has ' +
  '18 of 2,400 channels above u = 3 and the one with a backdoor has 19. Outliers prove nothing either way, and neither ' +
  'does their absence.';

/** Limits of CLP (Zheng et al., ECCV 2022; BackdoorBench), in short. */
export const CLP_LIMITS =
  'Channel-Lipschitzness pruning (CLP) misses backdoors whose trigger covers the whole image, such as Blended and SIG, ' +
  'and pruning can destroy accuracy. Preview its effect, on real images where you have some, before you use a pruned model.';

/** What else can be done with a model that CLP does not apply to. */
export const NOT_APPLICABLE = [
  'CLP is not applicable to this model: it has no convolution that could be scored. This says nothing about whether the model holds a backdoor.',
  'What else you can do: read the findings about the file itself; compare the file with one from a source you trust (by ' +
    'SHA-256, or “Compare with another model”); run the model on images with and without a suspected trigger; retrain or ' +
    'distil it on images you trust.',
] as const;

/** What is announced when u moves. */
export function announcementAtU(view: AuditAtU): string {
  return `u ${formatU(view.u)}: ${plural(view.outliers, 'outlier channel')} in ${plural(view.layersWithOutliers, 'layer')}.`;
}
