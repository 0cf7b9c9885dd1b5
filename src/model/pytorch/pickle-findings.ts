import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { describe, describeCall } from '../pickle/describe';
import type { PickleResult } from '../pickle/machine';
import type { Oddity, RecordedGlobal } from '../pickle/record';
import { isTorchModuleClass } from './allow-list';

/** Findings shown one by one; the rest are counted. */
const SHOWN = 100;

/** Where a pickle lies. */
export interface PicklePlace {
  /** The archive's member, or undefined for a file of its own. */
  readonly member?: string;
  /** What reads it, for a person: "torch.load". */
  readonly reader: string;
}

/** What a pickle would make its reader do, as findings; globals called `except` are reported elsewhere. */
export function pickleFindings(result: PickleResult, place: PicklePlace, except?: string): Finding[] {
  const at = (offset: number) => locationIn(place, offset);
  const findings: Finding[] = [];
  const unknown: RecordedGlobal[] = [];
  const layers: RecordedGlobal[] = [];
  for (const recorded of result.record.globals.values()) {
    const { module, name } = recorded.global;
    if (`${module}.${name}` === except) continue;
    (isTorchModuleClass(module, name) ? layers : unknown).push(recorded);
  }
  for (const recorded of unknown.slice(0, SHOWN)) {
    findings.push(unsafeGlobalFinding(recorded, place));
  }
  for (const oddity of result.record.oddities.slice(0, SHOWN)) {
    findings.push({ ...oddityFinding(oddity, place), ...at(oddity.offset) });
  }
  const more =
    Math.max(0, unknown.length - SHOWN) +
    Math.max(0, result.record.oddities.length - SHOWN) +
    result.record.omitted;
  if (more > 0) {
    findings.push({
      id: 'pickle-more-findings',
      level: 'error',
      message: `${more} more imports and calls like these are not listed.`,
    });
  }
  if (layers.length > 0) {
    const names = layers.slice(0, 6).map(({ global }) => global.name);
    findings.push({
      id: 'pickle-module-object',
      level: 'warning',
      message: `The file holds whole layer objects (${names.join(', ')}${layers.length > 6 ? ', …' : ''}), not only weights. To load it Python must unpickle objects of classes, which runs their code and that of anything else the file names (weights_only=False). Ask for a state dict instead, or take the pruned export's tensors.`,
      ...at(layers[0]!.offset),
    });
  }
  if (result.fault) {
    findings.push({
      id: `pickle-${result.fault.reason}`,
      level: 'error',
      message: `The pickle cannot be read to its end: ${result.fault.message}. What comes before is executed all the same by a reader that does not check first.`,
      ...at(result.fault.offset),
    });
  }
  return findings;
}

/** The finding of one global outside the allow-list. */
export function unsafeGlobalFinding(recorded: RecordedGlobal, place: PicklePlace): Finding {
  return {
    id: 'pickle-unsafe-global',
    level: 'error',
    message: unsafeGlobal(recorded, place),
    ...locationIn(place, recorded.calls > 0 ? recorded.firstCallOffset : recorded.offset),
  };
}

function locationIn({ member }: PicklePlace, offset: number): Pick<Finding, 'location'> {
  return { location: { ...(member === undefined ? {} : { member }), offset } };
}

function unsafeGlobal(recorded: RecordedGlobal, place: PicklePlace): string {
  const { global, calls, firstCall } = recorded;
  const module = visible(global.module, 200);
  if (calls === 0 || firstCall === undefined) {
    return `Loading this file with ${place.reader} imports '${module}' and looks up ${describe(global)}; the name is not on the list of those that only build data.`;
  }
  const times = calls > 1 ? ` (and ${calls - 1} more calls of it)` : '';
  return `Loading this file with ${place.reader} imports '${module}' and calls ${describeCall(global, firstCall)}${times}.`;
}

function oddityFinding(oddity: Oddity, place: PicklePlace): Pick<Finding, 'id' | 'level' | 'message'> {
  switch (oddity.kind) {
    case 'computed-call':
      return {
        id: 'pickle-computed-call',
        level: 'error',
        message: `Loading this file with ${place.reader} calls what an earlier step computed: ${describe(oddity.value)}.`,
      };
    case 'state-on-global':
      return {
        id: 'pickle-changed-global',
        level: 'error',
        message: `Loading this file with ${place.reader} changes ${describe(oddity.value)} itself, for the whole Python process.`,
      };
    case 'extension':
      return {
        id: 'pickle-extension-code',
        level: 'error',
        message: `Loading this file with ${place.reader} uses extension code ${describe(oddity.value)}, which stands for a name that the reading program has registered.`,
      };
    case 'memo-jump':
      return {
        id: 'pickle-memo-jump',
        level: 'warning',
        message: `The file stores a value under memo index ${describe(oddity.value)}: Python reserves memory for every index up to twice that.`,
      };
  }
}
