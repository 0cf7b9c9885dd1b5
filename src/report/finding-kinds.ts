import type { Level } from '../protocol/findings';

/** What a kind of finding means, whatever file it is about. */
export interface FindingKind {
  /** More than one where it depends on the case. */
  readonly levels: readonly Level[];
  readonly says: string;
}

type Row = readonly [id: string, levels: Level | readonly Level[], says: string];

const CODE: readonly Row[] = [
  [
    'pickle-unsafe-global',
    'error',
    'Loading the file imports a name outside the list of those that only build data, and calls it where the message gives arguments.',
  ],
  ['pickle-computed-call', 'error', 'Loading the file calls what an earlier step computed.'],
  ['pickle-changed-global', 'error', 'Loading the file changes an imported object for the whole process.'],
  [
    'pickle-extension-code',
    'error',
    'The pickle names something by a number that the reading program has registered.',
  ],
  [
    'pickle-module-object',
    'warning',
    'The file holds whole layer objects instead of weights alone: loading it must run the code of their classes.',
  ],
  ['pickle-nested', 'warning', 'Loading the pickle unpickles further ones within it; each was looked into.'],
  ['pickle-memo-jump', 'warning', 'A memo index makes Python reserve far more memory than the file needs.'],
  ['pickle-more-findings', 'error', 'There are more imports, calls or pickles than are listed.'],
  [
    'pickle-unknown-opcode',
    'error',
    'The pickle has an opcode that no protocol defines; it was read up to there.',
  ],
  ['pickle-too-large', 'error', 'The pickle asks for more than Scour holds; it was read up to there.'],
  ['keras-lambda', 'error', 'A Lambda layer holds Python code, which loading the model runs.'],
  ['keras-unsafe-import', 'error', 'The configuration names a module that is not part of Keras.'],
  [
    'keras-custom-object',
    'warning',
    'The configuration names a class that the reading program must provide.',
  ],
];

const CONTAINER: readonly Row[] = [
  ['pickle-truncated', 'error', 'The pickle ends before its end.'],
  ['pickle-malformed', 'error', 'The pickle breaks the rules of its protocol; it was read up to there.'],
  ['pickle-trailing-data', 'warning', 'Bytes follow the end of the pickle or of the checkpoint.'],
  ['pickle-not-torch', 'warning', 'A plain pickle, not a file of torch.save.'],
  ['pytorch-ambiguous-root', 'error', 'The archive holds several checkpoints.'],
  ['polyglot-file', 'error', 'The file is of another format by its beginning than by its end.'],
  ['zip-duplicate-member', 'error', 'Two members have one name.'],
  ['zip-overlapping-members', 'error', 'A member shares bytes with another part of the archive.'],
  ['zip-header-mismatch', 'error', 'Directory and local header of a member disagree.'],
  ['zip-ambiguous-directory', 'error', 'The zip and zip64 directories disagree.'],
  ['zip-path-escape', 'error', 'A member’s path leaves the folder it would be unpacked in.'],
  ['zip-encrypted-member', 'error', 'A member is encrypted.'],
  ['zip-crc-mismatch', 'warning', 'A member does not have the checksum that the archive says.'],
  ['zip-unverified-members', 'warning', 'Members were not compared with their checksums.'],
  ['zip-unreadable-member', 'warning', 'A member cannot be unpacked.'],
  ['zip-hidden-data', 'warning', 'Bytes of the archive belong to no member.'],
  ['zip-trailing-data', 'warning', 'Bytes follow the end of the archive.'],
  ['tar-duplicate-member', 'error', 'Two members have one name.'],
  ['tar-path-escape', 'error', 'A member’s path leaves the folder it would be unpacked in.'],
  ['safetensors-duplicate-key', 'error', 'The header names a tensor or a property twice.'],
  ['safetensors-overlap', 'error', 'Tensors share bytes.'],
  ['safetensors-hidden-data', 'warning', 'Bytes between tensors belong to none.'],
  ['safetensors-trailing-data', 'warning', 'Bytes follow the last tensor.'],
  ['safetensors-padding', 'warning', 'The header is padded with other characters than spaces.'],
  ['safetensors-metadata', 'warning', 'The metadata are not text for text.'],
  ['shard-duplicate-tensor', 'error', 'A tensor is in several shards.'],
  ['shard-missing-tensor', 'error', 'A tensor is not in the shard that the index names.'],
  ['shard-unlisted-tensor', 'warning', 'A shard holds a tensor that the index does not name.'],
  ['hdf5-external-link', 'error', 'A link leads to another file.'],
  ['hdf5-virtual-dataset', 'error', 'A dataset takes its values from elsewhere.'],
  ['hdf5-broken-object', 'error', 'An object cannot be read.'],
  ['hdf5-soft-link', 'warning', 'A name only points to another.'],
  ['hdf5-other-object', 'warning', 'An object that no model needs.'],
  ['hdf5-user-block', 'warning', 'Other data stand before the HDF5 data.'],
  ['keras-config-malformed', ['warning', 'error'], 'The configuration is not what Keras writes.'],
  ['keras-config-cyclic-graph', 'error', 'Layers of the configuration are fed with their own output.'],
  ['keras-config-too-large', 'error', 'The configuration is larger than Scour reads.'],
  ['keras-layer-order', 'error', 'Layers of the weights and of the configuration differ in order.'],
  ['keras-weight-order', 'error', 'Weights of a layer are in another order than Keras writes them.'],
  [
    'onnx-ambiguous-tensor',
    'error',
    'A tensor holds its values twice (raw_data and typed or external data).',
  ],
  ['onnx-duplicate-initializer', 'error', 'Two initializers have one name.'],
  ['onnx-functions', 'warning', 'The model defines operators of its own.'],
  [
    'external-data-escape',
    'error',
    'Weights are said to lie outside the model’s folder; they were not read.',
  ],
  ['tensor-out-of-bounds', 'error', 'A tensor claims bytes that its storage or the file does not have.'],
  [
    'tensor-unreadable',
    ['warning', 'error'],
    'A tensor is of a kind that Scour does not read, or its data are missing.',
  ],
];

const WEIGHTS: readonly Row[] = [
  [
    'uclc-outliers',
    'note',
    'Channels lie above the threshold of their layer; networks without a backdoor have such too.',
  ],
  ['not-applicable', 'note', 'No convolution could be scored.'],
  [
    'architecture-unknown',
    'note',
    'The network is not recognised from the weights: layers are paired by name, and it cannot be run.',
  ],
  ['checkpoint-other-tensors', 'note', 'The file holds tensors beside the network’s weights.'],
  ['made-by-scour', 'warning', 'Scour made the file from another model.'],
  ['non-finite-weight', 'warning', 'A weight, scale or variance is NaN or infinite.'],
  ['negative-variance', 'warning', 'A running variance is negative.'],
  ['zero-variance', 'warning', 'A running variance is zero.'],
];

/** All kinds of findings in a scan, by id, in groups for docs/findings.md. An id never changes its meaning. */
export const FINDING_GROUPS: readonly {
  readonly title: string;
  readonly kinds: readonly (FindingKind & { id: string })[];
}[] = [
  ['What loading the file would execute', CODE] as const,
  ['The file as a container', CONTAINER] as const,
  ['The weights', WEIGHTS] as const,
].map(([title, rows]) => ({
  title,
  kinds: rows.map(([id, levels, says]) => ({
    id,
    levels: typeof levels === 'string' ? [levels] : levels,
    says,
  })),
}));

export const FINDING_KINDS: ReadonlyMap<string, FindingKind> = new Map(
  FINDING_GROUPS.flatMap(({ kinds }) => kinds).map((kind) => [kind.id, kind]),
);
