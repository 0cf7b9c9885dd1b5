import type { Finding } from '../protocol/findings';
import type { Layer, ModelFacts, ScanReport } from '../protocol/scan';
import { count, grouped } from '../protocol/wording';
import type { Scores } from '../defenses/clp/score';

/** The report of `scour scan`, one model (CONTRACT.md). */
export function scanReport(
  model: ModelFacts,
  fileFindings: readonly Finding[],
  u: number,
  scores: Scores,
): ScanReport {
  const layers = [...scores.layers];
  const scored = layers.filter(({ status }) => status === 'scored');
  const summary = {
    layers: layers.length,
    scored: scored.length,
    skipped: layers.length - scored.length,
    channels: scored.reduce((sum, { channels }) => sum + channels, 0),
    outliers: scored.reduce((sum, { outliers }) => sum + outliers.length, 0),
  };
  return {
    schema: 'scour.scan/1',
    model,
    u,
    layers,
    summary,
    applicable: scored.length > 0,
    findings: [
      ...withoutRepeats([...fileFindings, ...scores.findings]),
      ...outcomeFindings(layers, summary, u),
    ],
  };
}

/** A layer skipped for a tensor that has a finding of its own need not say so twice. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ id, tensor }) => {
    if (tensor === undefined) return true;
    const key = `${id}\0${tensor}`;
    return seen.has(key) ? false : Boolean(seen.add(key));
  });
}

function outcomeFindings(layers: readonly Layer[], summary: ScanReport['summary'], u: number): Finding[] {
  if (summary.scored === 0) {
    return [
      {
        id: 'not-applicable',
        level: 'note',
        message:
          layers.length === 0
            ? 'CLP does not apply: the model has no convolution. That says nothing about a backdoor; evaluate it on triggered images, or test its last layer.'
            : `CLP could not score any of the ${count(layers.length, 'convolution')}. That says nothing about a backdoor; the reasons stand with the layers.`,
      },
    ];
  }
  if (summary.outliers === 0) return [];
  return [
    {
      id: 'uclc-outliers',
      level: 'note',
      message: `${count(summary.outliers, 'channel')} of ${grouped(summary.channels)} lie above mean + ${u}·std of their layer. Networks without a backdoor have outliers too.`,
    },
  ];
}
