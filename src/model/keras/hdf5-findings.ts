import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import type { Hdf5Description, Hdf5Link } from '../hdf5/messages';

/** What an HDF5 file holds that a model's does not: ways out of the file, and what cannot be read. */
export function hdf5Findings({ links, broken, datasets }: Hdf5Description): Finding[] {
  const of = (kind: Hdf5Link['kind']): string[] =>
    links
      .filter((link) => link.kind === kind)
      .map(({ path, target }) => `'${visible(path, 100)}' → '${visible(target, 100)}'`);
  const unread = datasets.filter(({ problem }) => problem?.startsWith('cannot be read'));
  const findings: Finding[] = [];
  const note = (id: string, level: Finding['level'], items: readonly string[], what: string): void => {
    if (items.length > 0) findings.push({ id, level, message: `${what}: ${listShort(items, 4)}.` });
  };
  note(
    'hdf5-external-link',
    'error',
    of('external'),
    'Links lead out of the file, and Python follows them; Scour did not',
  );
  note(
    'hdf5-virtual-dataset',
    'error',
    of('virtual'),
    'Values are taken from other files or places when Python reads them; Scour did not',
  );
  note(
    'hdf5-soft-link',
    'warning',
    of('soft'),
    'Some names only point to others, which Keras never writes; they were not followed',
  );
  note('hdf5-other-object', 'warning', of('other'), 'Objects that no model needs were passed over');
  for (const { path, problem } of unread.slice(0, 20)) {
    findings.push({
      id: 'tensor-unreadable',
      level: 'error',
      message: `Dataset '${visible(path, 200)}' ${visible(problem!)}.`,
      tensor: path,
    });
  }
  for (const { path, message } of broken.slice(0, 20)) {
    findings.push({
      id: 'hdf5-broken-object',
      level: 'error',
      message: `'${visible(path, 200)}' cannot be read: ${visible(message)}.`,
    });
  }
  if (unread.length + broken.length > 40)
    findings.push({
      id: 'hdf5-broken-object',
      level: 'error',
      message: `${unread.length + broken.length - 40} more objects cannot be read.`,
    });
  return findings;
}
