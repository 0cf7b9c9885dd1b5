import { VERSION } from '../protocol/version';
import { CATALOGUE } from './catalogue';
import { COMMON_HELP, EXIT_CODES, columns } from './help';

/** The help of the whole command line. */
export function generalHelp(): string {
  return [
    `Scour ${VERSION}: audits neural-network image classifiers for backdoors and cleanses them.`,
    '',
    'Usage: scour COMMAND … [options]      scour COMMAND --help says more',
    '',
    'Commands:',
    columns(Object.entries(CATALOGUE)),
    '',
    'Common options:',
    columns(COMMON_HELP),
    '',
    EXIT_CODES,
  ].join('\n');
}
