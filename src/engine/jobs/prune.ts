import { checkOutput } from '../../model/atomic-write';
import type { Selection } from '../../defenses/clp/prune-onnx';
import type { PruneReport, PrunedLayer } from '../../protocol/prune';
import type { Layer } from '../../protocol/scan';
import { VERSION } from '../../protocol/version';
import type { JobContext } from '../job-context';
import { openSubject } from '../subjects/open-subject';
import { scoreSubject, type ScanOptions } from './scan';

export interface PruneOptions extends ScanOptions {
  readonly output: string;
  readonly force: boolean;
}

/**
 * Writes a copy of the model, in its own format, in which every channel above u is silenced (CLP). Throws ModelError,
 * OutputError or CancelledError; then nothing carries the output's name.
 */
export async function pruneModel(
  input: string,
  options: PruneOptions,
  context: JobContext,
): Promise<PruneReport> {
  const { u, output, force, withEpsilon = false } = options;
  const subject = openSubject(input, { withEpsilon });
  try {
    checkOutput(output, { force, inputs: subject.files });
    subject.checkOutput(output);
    const { sha256: inputSha256 } = await subject.hash(context.within(0, 0.2));
    const scores = await scoreSubject(subject, u, context.within(0.2, 0.8));
    const layers = prunedLayers(scores.layers);
    const channels = layers.reduce((sum, layer) => sum + layer.channels.length, 0);
    await context.within(0.8, 1).tick('Writing', 0);
    const provenance = JSON.stringify({
      tool: `Scour ${VERSION}`,
      method: 'CLP',
      u,
      withEpsilon,
      input: inputSha256,
      channels,
      layers,
    });
    const { sha256, notes } = await subject.writePruned(selectionOf(layers), { output, force, provenance });
    if (channels === 0)
      notes.push(`No channel lies above u = ${u}: the output differs from the input in its metadata only.`);
    return {
      schema: 'scour.prune/1',
      input,
      output,
      sha256,
      inputSha256,
      u,
      layers,
      channels,
      notes,
      version: VERSION,
    };
  } finally {
    subject.close();
  }
}

/** The channels that a scan flags, by layer. */
export function prunedLayers(layers: readonly Layer[]): PrunedLayer[] {
  return layers
    .filter(({ outliers }) => outliers.length > 0)
    .map(({ name, norm, outliers }) => ({ name, norm, channels: outliers.map(({ channel }) => channel) }));
}

/** What is to be silenced, from a scan of the same file. */
export function selectionOf(layers: readonly PrunedLayer[]): Selection {
  return new Map(layers.map((layer) => [layer.name, layer.channels]));
}
