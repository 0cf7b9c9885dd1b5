import type { SplitReport } from '../../src/protocol/split';
import { count, listShort, visible } from '../../src/protocol/wording';
import { formatPercent, formatStatistic } from '../text/format';

/** What a split did and found. It never calls a sample clean, nor the model. */
export function reportInWords({ suspects, data, history, monitor, settings, device }: SplitReport): {
  readonly headline: string;
  readonly rest: readonly string[];
} {
  const last = history.at(-1)?.monitored ?? null;
  const rates =
    last === null
      ? ''
      : [
          `ACC ${formatPercent(last.acc)}`,
          ...(last.asr === null ? [] : [`ASR ${formatPercent(last.asr)}`]),
          ...(last.ra === null ? [] : [`RA ${formatPercent(last.ra)}`]),
        ].join(', ');
  const most = [...suspects.byClass]
    .filter(({ suspected }) => suspected > 0)
    .sort((a, b) => b.suspected - a.suspected)
    .map(({ name, suspected }) => `${visible(name, 40)} ${suspected}`);
  const found =
    suspects.suspected === 0
      ? ['The finished model contradicts no label more than others. That is no proof that none is poisoned.']
      : [
          `Suspected: ${count(suspects.suspected, 'image')} of ${data.images} (${formatPercent((100 * suspects.suspected) / data.images)}), whose label the model contradicts (split loss above ${formatStatistic(suspects.threshold)}). By class: ${listShort(most, 10)}.`,
          'Images that are hard or wrongly labelled are among them: look before you move any. Poison of one target gathers in that class.',
        ];
  const triggered = monitor?.triggered ?? null;
  return {
    headline: `A model was trained from ${count(data.images, 'image')} in ${count(history.length, 'epoch')}, seed ${settings.seed}, on ${device}.`,
    rest: [
      ...(rates === '' ? [] : [`At the end: ${rates}.`]),
      ...found,
      triggered === null
        ? 'No triggered images were given, so nothing was measured of a backdoor. Where a trigger is suspected, evaluate the model with it.'
        : 'ASR was measured for the given trigger only; another one may have other effects.',
      ...(data.skipped.length > 0 ? [`Left out: ${count(data.skipped.length, 'file')}.`] : []),
    ],
  };
}
