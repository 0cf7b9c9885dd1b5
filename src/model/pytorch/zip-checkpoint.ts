import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint, type TensorEdit } from '../checkpoint';
import { byteEdits } from '../edits';
import { MADE_BY_SCOUR } from '../made-by-scour';
import type { PickleValue } from '../pickle/values';
import type { ByteSource } from '../source';
import { ArchiveChecksums, openMember } from '../zip/checksums';
import { ZipArchive, type ZipMember } from '../zip/archive';
import { editedArchive } from '../zip/edit';
import { provenanceIn, provenanceMember } from '../zip/provenance';
import { METHOD } from '../zip/records';
import { ALLOWED, ALLOWED_TORCHSCRIPT } from './allow-list';
import { assembleTensors } from './assemble';
import type { FoundTensor } from './found-tensor';
import { LEGACY_DIALECT, LOAD_FROM_BYTES } from './legacy-stream';
import { nestedStorages } from './nested';
import { NumpyReader } from './numpy';
import { pickleFindings } from './pickle-findings';
import { PickledBytes } from './pickled-bytes';
import { readPickle } from './read-pickle';
import { TensorRebuilder } from './rebuild';
import { storageId, type FoundStorage, type StorageResolver } from './storages';
import { runPickle } from '../pickle/machine';

/** Pickles beside the main one that are looked into. */
const MAX_EXTRA_PICKLES = 64;

/** True where an archive is one that PyTorch writes. */
export function isPyTorchArchive(archive: ZipArchive): boolean {
  return archive.members.some(({ name }) => /(^|\/)(data|constants)\.pkl$/.test(name));
}

/**
 * Opens an archive of `torch.save` (since 1.6) or `torch.jit.save`.
 * @throws ZipError or CheckpointError where it is none, or broken.
 */
export function openArchive(source: ByteSource): Checkpoint {
  const archive = new ZipArchive(source);
  const findings: Finding[] = [...archive.findings];
  const root = rootOf(archive, findings);
  const data = archive.member(`${root}data.pkl`);
  if (!data) {
    throw new CheckpointError(
      'unsupported-format',
      source.path,
      `${source.path} is a zip archive without a data.pkl, so no file of torch.save. ${archive.members.some(({ name }) => name.includes('/.data/')) ? 'It looks like a torch.package, which is Python code: do not import it.' : 'Scan what is packed in it instead.'}`,
      findings,
    );
  }
  const constants = archive.member(`${root}constants.pkl`);
  const scripted = constants !== undefined;
  const opened = new OpenArchive(archive, root, scripted, findings);
  const { tensorOf, root: value } = opened.pickle(data, 'data/');
  const tensors = assembleTensors(source.path, value, tensorOf, findings);
  if (constants) {
    const inner = opened.pickle(constants, 'constants/');
    tensors.push(...assembleTensors(source.path, named(inner.root), inner.tensorOf, findings));
  }
  inspectOtherPickles(archive, [data, constants], findings);
  const provenance = provenanceIn(archive, root);
  if (Object.keys(provenance).length > 0) findings.push(MADE_BY_SCOUR);
  return {
    format: 'pytorch',
    variant: scripted ? 'TorchScript archive' : 'PyTorch checkpoint',
    tensors,
    findings,
    provenance,
    checksums: () => new ArchiveChecksums(archive),
    edited: (edits: readonly TensorEdit[], made) =>
      editedArchive(archive, byteEdits(source.path, edits, tensors), provenanceMember(archive, root, made)),
  };
}

/** Gives the tensors among TorchScript's constants their place as a name. */
function named(constants: PickleValue): PickleValue {
  return { kind: 'dict', entries: new Map([['constants', constants]]) };
}

class OpenArchive {
  private readonly archive: ZipArchive;
  private readonly root: string;
  private readonly scripted: boolean;
  private readonly findings: Finding[];
  private readonly bigEndian: boolean;
  private readonly storages = new Map<string, FoundStorage | string>();

  constructor(archive: ZipArchive, root: string, scripted: boolean, findings: Finding[]) {
    this.archive = archive;
    this.root = root;
    this.scripted = scripted;
    this.findings = findings;
    const order = archive.member(`${root}byteorder`);
    this.bigEndian = order?.size === 3 && Buffer.from(archive.open(order).read(0, 3)).toString() === 'big';
  }

  /** Reads a pickle whose storages lie under `folder`. */
  pickle(
    member: ZipMember,
    folder: string,
  ): { root: PickleValue; tensorOf: (value: PickleValue | undefined) => FoundTensor | null } {
    const source = this.archive.open(member);
    const allowed = this.scripted ? ALLOWED_TORCHSCRIPT : ALLOWED;
    const dialect = { ...LEGACY_DIALECT, allowed };
    const place = { member: member.name, reader: this.scripted ? 'torch.jit.load' : 'torch.load' };
    const { path } = this.archive.source;
    const result = readPickle(source, 0, dialect, place, this.findings, path, LOAD_FROM_BYTES);
    if (result.end < source.size) {
      this.findings.push({
        id: 'pickle-trailing-data',
        level: 'warning',
        message: `${source.size - result.end} bytes follow the end of the pickle in '${visible(member.name, 200)}'; PyTorch ignores them.`,
        location: { member: member.name, offset: result.end },
      });
    }
    const bytes = new PickledBytes(source, member.method === METHOD.stored ? member.dataAt : null);
    const nested = nestedStorages(result, bytes, place, this.findings);
    const rebuilder = new TensorRebuilder(this.resolver(folder), new NumpyReader(bytes), { nested });
    return { root: result.root, tensorOf: (value) => rebuilder.tensorOf(value) };
  }

  private resolver(folder: string): StorageResolver {
    return (id) => {
      const reference = storageId(id);
      if (!reference) return 'is in a place that Scour does not know';
      const name = `${this.root}${folder}${reference.key}`;
      // A storage may be seen through several types; each is a storage of its own to us.
      const key = `${reference.type} ${name}`;
      let found = this.storages.get(key);
      if (found === undefined) this.storages.set(key, (found = this.storage(name, reference.type)));
      return found;
    };
  }

  private storage(name: string, type: FoundStorage['type']): FoundStorage | string {
    const { archive, bigEndian } = this;
    const member = archive.member(name);
    if (!member) return `is in '${name}', which the archive does not hold`;
    return {
      storage: {
        label: name,
        open: () => archive.open(member),
        fileOffset: member.method === METHOD.stored ? member.dataAt : null,
        bigEndian,
      },
      type,
      bytes: member.size,
      first: 0,
    };
  }
}

/** The folder that all of PyTorch's files in the archive lie in, with its slash. PyTorch takes the first member's. */
function rootOf(archive: ZipArchive, findings: Finding[]): string {
  const main = archive.members.filter(({ name }) => /(^|\/)data\.pkl$/.test(name));
  if (main.length > 1) {
    const names = main.slice(0, 4).map(({ name }) => `'${visible(name, 100)}'`);
    findings.push({
      id: 'pytorch-ambiguous-root',
      level: 'error',
      message: `The archive holds several checkpoints (${names.join(', ')}): readers may take different ones. Scour reads the one that PyTorch takes.`,
    });
  }
  const first = archive.members[0]?.name ?? '';
  const slash = first.indexOf('/');
  const root = slash < 0 ? '' : first.slice(0, slash + 1);
  if (archive.member(`${root}data.pkl`)) return root;
  return main[0]?.name.slice(0, -'data.pkl'.length) ?? root;
}

/** Looks into every other pickle that the archive holds: someone may load it, though PyTorch does not. */
function inspectOtherPickles(
  archive: ZipArchive,
  known: readonly (ZipMember | undefined)[],
  findings: Finding[],
): void {
  const others = archive.members.filter(
    (member) => /\.(pkl|pickle)$/i.test(member.name) && !known.includes(member),
  );
  for (const member of others.slice(0, MAX_EXTRA_PICKLES)) {
    const source = openMember(archive, member, findings);
    if (!source) continue;
    const place = { member: member.name, reader: `a reader of '${visible(member.name, 200)}'` };
    findings.push(...pickleFindings(runPickle(source, 0, source.size, { allowed: ALLOWED }), place));
  }
  if (others.length > MAX_EXTRA_PICKLES) {
    findings.push({
      id: 'pickle-more-findings',
      level: 'error',
      message: `${others.length - MAX_EXTRA_PICKLES} more pickles in the archive were not looked into.`,
    });
  }
}
