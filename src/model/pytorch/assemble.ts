import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { CheckpointError } from '../checkpoint';
import { CheckpointTensor } from '../checkpoint-tensor';
import type { PickleValue } from '../pickle/values';
import type { FoundTensor } from './found-tensor';
import { findWeights } from './layout';

const SHOWN = 20;

/**
 * The weights in what a pickle holds, as tensors; says in `findings` what was left aside, what is out of bounds and
 * that whole modules run code.
 * @throws CheckpointError where the file holds more than Scour follows.
 */
export function assembleTensors(
  file: string,
  root: PickleValue,
  tensorOf: (value: PickleValue | undefined) => FoundTensor | null,
  findings: Finding[],
): CheckpointTensor[] {
  const layout = findWeights(root, tensorOf);
  if (layout.cutShort) {
    throw new CheckpointError(
      'too-large',
      file,
      `${file} nests its weights deeper, or holds more objects, than Scour follows; nothing was scanned.`,
      findings,
    );
  }
  if (layout.others.length > 0) {
    const names = layout.others.slice(0, SHOWN).map((path) => `'${visible(path, 100)}'`);
    findings.push({
      id: 'checkpoint-other-tensors',
      level: 'note',
      message: `The file holds tensors elsewhere too (${names.join(', ')}${layout.others.length > SHOWN ? ', …' : ''}); they were not scanned.`,
    });
  }
  const tensors = layout.tensors.map(
    ({ name, path, found }) =>
      new CheckpointTensor(file, name, path, found.layout, found.storage, found.problem),
  );
  reportProblems(
    tensors,
    layout.tensors.map(({ found }) => found),
    findings,
  );
  return tensors;
}

function reportProblems(
  tensors: readonly CheckpointTensor[],
  found: readonly FoundTensor[],
  findings: Finding[],
): void {
  let omitted = 0;
  let shown = 0;
  tensors.forEach((tensor, i) => {
    if (tensor.problem === null) return;
    if (shown++ >= SHOWN) {
      omitted++;
      return;
    }
    findings.push({
      id: found[i]!.outOfBounds ? 'tensor-out-of-bounds' : 'tensor-unreadable',
      level: found[i]!.outOfBounds ? 'error' : 'warning',
      message: `Tensor '${visible(tensor.name, 200)}' ${visible(tensor.problem, 300)}; it was not read.`,
      tensor: tensor.name,
    });
  });
  if (omitted > 0) {
    findings.push({
      id: 'tensor-unreadable',
      level: 'error',
      message: `${omitted} more tensors were not read for reasons like these.`,
    });
  }
}
