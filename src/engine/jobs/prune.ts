import { copyFileSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pruneEdits, type Selection } from '../../defenses/clp/prune-onnx';
import { checkOutput, writeAtomically } from '../../model/atomic-write';
import { encodeStringEntry } from '../../model/onnx/encode';
import { writeEdited, type Edit } from '../../model/onnx/edit';
import { PROVENANCE_KEY, externalLocations } from '../../model/onnx/facts';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import { field } from '../../model/onnx/rewrite';
import { MODEL } from '../../model/onnx/schema';
import { FileSource } from '../../model/source';
import { OutputError, messageOf } from '../../protocol/errors';
import type { PruneReport, PrunedLayer } from '../../protocol/prune';
import type { Layer } from '../../protocol/scan';
import { VERSION } from '../../protocol/version';
import { count } from '../../protocol/wording';
import type { JobContext } from '../job-context';
import { hashFile, scoreFile, type ScanOptions } from './scan';

export interface PruneOptions extends ScanOptions {
  readonly output: string;
  readonly force: boolean;
}

/**
 * Writes a copy of the model in which every channel above u is silenced (CLP). Throws ModelError, OutputError or
 * CancelledError; then nothing carries the output's name.
 */
export async function pruneModel(
  input: string,
  options: PruneOptions,
  context: JobContext,
): Promise<PruneReport> {
  const file = openOnnx(input);
  try {
    const locations = externalLocations(file);
    const folder = path.dirname(path.resolve(input));
    const inputs = [input, ...locations.map((location) => path.join(folder, location))];
    checkOutput(options.output, { force: options.force, inputs });
    const hashes = await hashFile(file, context.within(0, 0.2));
    const { layers, scores } = await scoreFile(file, options, context.within(0.2, 0.8));
    const pruned = prunedLayers(scores.layers);
    const channels = pruned.reduce((sum, layer) => sum + layer.channels.length, 0);
    const edits = pruneEdits(file, layers, new Map(pruned.map((layer) => [layer.name, layer.channels])));
    const provenance = {
      tool: `Scour ${VERSION}`,
      method: 'CLP',
      u: options.u,
      input: hashes.sha256,
      channels,
      layers: pruned,
    };
    await context.within(0.8, 1).tick('Writing', 0);
    const copied = copyExternal(file, locations, options);
    let written: { sha256: string };
    try {
      written = await writeAtomically(options.output, { force: options.force, inputs }, (sink) => {
        writeEdited(file.source, [...edits, provenanceEdit(file, provenance)], sink);
        file.verifyUnchanged();
      });
    } catch (error) {
      for (const copy of copied) rmSync(copy, { force: true });
      throw error;
    }
    return {
      schema: 'scour.prune/1',
      input,
      output: options.output,
      sha256: written.sha256,
      inputSha256: hashes.sha256,
      u: options.u,
      layers: pruned,
      channels,
      notes: notesOf(options.output, file, locations, copied, channels, options.u),
      version: VERSION,
    };
  } finally {
    file.close();
  }
}

/** The channels that a scan flags, by layer. */
export function prunedLayers(layers: readonly Layer[]): PrunedLayer[] {
  return layers
    .filter(({ outliers }) => outliers.length > 0)
    .map(({ name, norm, outliers }) => ({ name, norm, channels: outliers.map(({ channel }) => channel) }));
}

/** The edited model at `output` without provenance or checks, for a look at what pruning does. */
export async function writePruned(file: OnnxFile, edits: readonly Edit[], output: string): Promise<void> {
  copyExternal(file, externalLocations(file), { output, force: false });
  await writeAtomically(output, { force: false, inputs: [file.source.path] }, (sink) =>
    writeEdited(file.source, edits, sink),
  );
}

/** What is to be silenced, from a scan of the same file. */
export function selectionOf(layers: readonly PrunedLayer[]): Selection {
  return new Map(layers.map((layer) => [layer.name, layer.channels]));
}

/** An entry of metadata_props; a model that was pruned before keeps its earlier entries. */
function provenanceEdit(file: OnnxFile, provenance: object): Edit {
  let key = PROVENANCE_KEY;
  for (let n = 2; file.model.metadata.has(key); n++) key = `${PROVENANCE_KEY}.${n}`;
  return {
    kind: 'append',
    message: { start: 0, end: file.source.size },
    bytes: field(MODEL.metadataProps, encodeStringEntry(key, JSON.stringify(provenance))),
  };
}

/**
 * External data stays where it is when the output lies in the input's folder, and is copied along otherwise. A file that
 * is there already is kept where it has the same content. Returns what was copied. Throws OutputError.
 */
function copyExternal(
  file: OnnxFile,
  locations: readonly string[],
  { output, force }: { output: string; force: boolean },
): string[] {
  const target = path.dirname(path.resolve(output));
  if (target === path.dirname(path.resolve(file.source.path))) return [];
  const copied: string[] = [];
  for (const location of locations) {
    const from = file.external.file(location).path;
    const to = path.join(target, location);
    if (existsSync(to) && isSameContent(from, to)) continue;
    if (existsSync(to) && !force) {
      throw new OutputError(
        'exists',
        to,
        `The model's external data must lie beside ${output}, but ${to} exists and holds something else. Choose another folder.`,
      );
    }
    try {
      mkdirSync(path.dirname(to), { recursive: true });
      copyFileSync(from, to, constants.COPYFILE_FICLONE | (force ? 0 : constants.COPYFILE_EXCL));
    } catch (cause) {
      throw new OutputError('write-failed', to, `${to} cannot be written: ${messageOf(cause)}`, { cause });
    }
    copied.push(to);
  }
  return copied;
}

function isSameContent(a: string, b: string): boolean {
  const left = new FileSource(a);
  try {
    const right = new FileSource(b);
    try {
      if (left.size !== right.size) return false;
      const step = 4 * 1024 * 1024;
      for (let at = 0; at < left.size; at += step) {
        const length = Math.min(step, left.size - at);
        if (Buffer.compare(left.read(at, length), right.read(at, length)) !== 0) return false;
      }
      return true;
    } finally {
      right.close();
    }
  } finally {
    left.close();
  }
}

function notesOf(
  output: string,
  file: OnnxFile,
  locations: readonly string[],
  copied: readonly string[],
  channels: number,
  u: number,
): string[] {
  const notes: string[] = [];
  if (channels === 0)
    notes.push(`No channel lies above u = ${u}: the output differs from the input in its metadata only.`);
  if (copied.length > 0) notes.push(`Copied with it: ${count(copied.length, 'file')} of external data.`);
  else if (locations.length > 0)
    notes.push(
      `${path.basename(output)} still reads external data of ${path.basename(file.source.path)} (${locations.slice(0, 3).join(', ')}): keep them together.`,
    );
  return notes;
}
