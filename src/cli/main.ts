import { messageOf } from '../protocol/errors';
import { VERSION } from '../protocol/version';
import { visible } from '../protocol/wording';
import { CATALOGUE, type CommandName } from './catalogue';
import { EXIT, type ExitCode } from './exit-code';
import { generalHelp } from './general-help';
import { print } from './print';
import { guardProcess } from './process-guard';

interface Entry {
  readonly main: (args: readonly string[]) => Promise<ExitCode>;
}

const ENTRIES: Readonly<Record<CommandName, () => Promise<Entry>>> = {
  scan: () => import('./entries/scan'),
  prune: () => import('./entries/prune'),
  cleanse: () => import('./entries/cleanse'),
  evaluate: () => import('./entries/evaluate'),
  split: () => import('./entries/split'),
  quarantine: () => import('./entries/quarantine'),
  report: () => import('./entries/report'),
};

async function main([name, ...rest]: readonly string[]): Promise<ExitCode> {
  if (name === undefined) {
    print(generalHelp());
    return EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') return print(generalHelp());
  if (name === '--version') return print(VERSION);
  if (isCommand(name)) return (await ENTRIES[name]()).main(rest);
  const known = Object.keys(CATALOGUE).join(', ');
  process.stderr.write(
    `scour: scour has no command '${visible(name, 60)}'; it has ${known}.\nscour: see scour --help\n`,
  );
  return EXIT.usage;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(CATALOGUE, name);
}

const finish = guardProcess();
main(process.argv.slice(2)).then(finish, (error: unknown) => {
  process.stderr.write(`scour: this installation is incomplete: ${messageOf(error)}\n`);
  finish(EXIT.failed);
});
