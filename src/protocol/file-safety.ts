import type { Finding } from './findings';
import type { Format } from './scan';
import { count } from './wording';

/** `code`: what a program that loads the file would execute. `file`: oddities of the file as a container. */
export type SafetyConcern = 'code' | 'file';

const CODE = /^pickle-|^keras-(lambda|unsafe-import|custom-object)$/;
/** About a pickle as a stretch of bytes, not about what it does. */
const PICKLE_BYTES = /^pickle-(trailing-data|not-torch|truncated|malformed)$/;
const FILE =
  /^(zip|tar|safetensors|hdf5|external-data|polyglot|shard|onnx|pytorch)-|^tensor-(out-of-bounds|unreadable)$|^keras-(config-|layer-order|weight-order)/;

/** What a finding has to do with the safety of the file; null for those about its weights. */
export function safetyConcern({ id }: Pick<Finding, 'id'>): SafetyConcern | null {
  if (PICKLE_BYTES.test(id)) return 'file';
  if (CODE.test(id)) return 'code';
  return FILE.test(id) ? 'file' : null;
}

/** What must be said first of a file that runs code, or null. */
export function runsCode(findings: readonly Finding[]): string | null {
  const errors = findings.filter(
    (finding) => finding.level === 'error' && safetyConcern(finding) === 'code',
  ).length;
  if (errors === 0) return null;
  return `Loading this file in Python runs code that it names: ${count(errors, 'error')} among the findings. Do not load it unless you trust whoever made it.`;
}

/** What a scan looked at in a file of each format, and what of it could run code. */
export const SAFETY_CHECKS: Readonly<Record<Format, { readonly code: string; readonly file: string }>> = {
  pytorch: {
    code: 'Loading such a file in Python runs its pickles. Scour decoded them as data and executed nothing; every name that they import or call was held against a list of those that only build tensors and plain containers. The code of TorchScript archives was not read.',
    file: 'Checked: the structure of the archive, duplicate, overlapping and hidden members, paths, checksums, and that every tensor lies within its storage.',
  },
  safetensors: {
    code: 'The format holds a header of JSON and raw numbers: there is nothing in it that a loader would execute.',
    file: 'Checked: size and keys of the header, types and shapes, that tensors lie within the file and do not overlap, and that no bytes are left over.',
  },
  keras: {
    code: 'Loading such a file in Keras builds what its configuration names. Scour built nothing; it looked for Lambda layers (stored Python code), imports and classes that are not of Keras.',
    file: 'Checked: the configuration against the weights, links and storage outside the file, and damaged objects. HDF5 is read by the HDF5 library in a WebAssembly sandbox.',
  },
  tfjs: {
    code: 'The format is JSON and raw numbers. Scour looked in the configuration for Lambda layers, imports and classes that are not of Keras.',
    file: 'Checked: that the files named by the manifest lie in the folder of the model, and that they hold as many bytes as their tensors need.',
  },
  onnx: {
    code: 'An ONNX graph names operators and holds no code of its own. A runtime loads code for it only where custom operators are registered by hand; Scour registers none.',
    file: 'Checked: sizes and counts of the structure, external data outside the folder of the model, tensors with two values, names given twice, and functions that the model defines itself.',
  },
};
