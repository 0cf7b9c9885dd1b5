import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { onnxLayers } from '../../defenses/clp/onnx-layers';
import { pruneEdits, type Selection } from '../../defenses/clp/prune-onnx';
import { checkOutput, writeAtomically } from '../../model/atomic-write';
import { isSameContent } from '../../model/digest';
import { writeEdited, type Edit } from '../../model/onnx/edit';
import { encodeStringEntry } from '../../model/onnx/encode';
import { PROVENANCE_KEY, externalLocations } from '../../model/onnx/facts';
import { fileFindings } from '../../model/onnx/findings';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import { field } from '../../model/onnx/rewrite';
import { MODEL } from '../../model/onnx/schema';
import type { ByteSource } from '../../model/source';
import { writeFailed } from '../../model/write-failed';
import { OutputError } from '../../protocol/errors';
import { count } from '../../protocol/wording';
import { hashOnnx, onnxFacts } from '../../report/onnx-facts';
import { outputKind } from './output-format';
import type { PruneTarget, Subject, SubjectOptions } from './subject';

/** An ONNX file; closing it closes the source. Throws ModelError. */
export function onnxSubject(source: ByteSource, options: SubjectOptions): Subject {
  const file = openOnnx(source);
  const modelPath = source.path;
  try {
    const layers = onnxLayers(file.index, file.reader, file.evaluator, options);
    const locations = externalLocations(file);
    const files = filesOf(file);
    return {
      path: modelPath,
      files,
      layers: layers.map(({ layer }) => layer),
      hash: (context) => hashOnnx(file, (fraction) => context.tick('Hashing', fraction)),
      verify: async (context) => ({
        hashes: await hashOnnx(file, (fraction) => context.tick('Hashing', fraction)),
        findings: [],
      }),
      facts: (hashes) => onnxFacts(file, hashes),
      findings: () => fileFindings(file),
      writePruned: (selection: Selection, target) =>
        write(file, pruneEdits(file, layers, selection), { ...target, files, locations }),
      checkOutput: (output) => void outputKind({ path: modelPath, format: 'onnx' }, output),
      verifyUnchanged: () => file.verifyUnchanged(),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * A temporary, edited copy of an open file at `output`, with its external data beside it. Throws OutputError or
 * ModelError.
 */
export async function writeOnnxCopy(file: OnnxFile, edits: readonly Edit[], output: string): Promise<void> {
  const locations = externalLocations(file);
  await write(file, edits, { output, force: false, provenance: null, files: [file.source.path], locations });
}

/**
 * An edited copy of an open file, as a result for the user: with provenance, and never over `files`. Returns what a user
 * must know of it. Throws OutputError or ModelError; then nothing is left behind.
 */
export function writeOnnxResult(
  file: OnnxFile,
  edits: readonly Edit[],
  target: PruneTarget & { readonly files: readonly string[] },
): Promise<{ sha256: string; notes: string[] }> {
  return write(file, edits, { ...target, locations: externalLocations(file) });
}

/** The model file and every file that holds weights of it. */
export function filesOf(file: OnnxFile): string[] {
  const folder = path.dirname(path.resolve(file.source.path));
  return [file.source.path, ...externalLocations(file).map((location) => path.join(folder, location))];
}

interface Target extends PruneTarget {
  readonly files: readonly string[];
  readonly locations: readonly string[];
}

async function write(
  file: OnnxFile,
  edits: readonly Edit[],
  target: Target,
): Promise<{ sha256: string; notes: string[] }> {
  const rules = { force: target.force, inputs: target.files };
  checkOutput(target.output, rules);
  const all = target.provenance === null ? edits : [...edits, provenanceEdit(file, target.provenance)];
  const copied = copyExternal(file, target);
  try {
    const { sha256 } = await writeAtomically(target.output, rules, (sink) => {
      writeEdited(file.source, all, sink);
      file.verifyUnchanged();
    });
    return { sha256, notes: externalNotes(file, target, copied) };
  } catch (error) {
    for (const copy of copied) rmSync(copy, { force: true });
    throw error;
  }
}

/** An entry of metadata_props; a model that was pruned before keeps its earlier entries. */
function provenanceEdit(file: OnnxFile, provenance: string): Edit {
  let key = PROVENANCE_KEY;
  for (let n = 2; file.model.metadata.has(key); n++) key = `${PROVENANCE_KEY}.${n}`;
  return {
    kind: 'append',
    message: { start: 0, end: file.source.size },
    bytes: field(MODEL.metadataProps, encodeStringEntry(key, provenance)),
  };
}

/**
 * External data stays where it is when the output lies in the input's folder, and is copied along otherwise. A file that
 * is there already is kept where it has the same content. Returns what was copied. Throws OutputError.
 */
function copyExternal(file: OnnxFile, { output, force, locations }: Target): string[] {
  const folder = path.dirname(path.resolve(output));
  if (folder === path.dirname(path.resolve(file.source.path))) return [];
  const copied: string[] = [];
  for (const location of locations) {
    const from = file.external.file(location).path;
    const to = path.join(folder, location);
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
      for (const copy of copied) rmSync(copy, { force: true });
      throw writeFailed(to, cause);
    }
    copied.push(to);
  }
  return copied;
}

function externalNotes(file: OnnxFile, { output, locations }: Target, copied: readonly string[]): string[] {
  if (copied.length > 0) return [`Copied with it: ${count(copied.length, 'file')} of external data.`];
  if (locations.length === 0) return [];
  const original = path.basename(file.source.path);
  return [
    `${path.basename(output)} still reads external data of ${original} (${locations.slice(0, 3).join(', ')}): keep them together.`,
  ];
}
