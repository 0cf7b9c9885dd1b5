import { HANDLERS } from './handlers';
import { EngineServer } from './server';
import { tidyAbandoned } from './temporary-folder';

/** The process that VS Code's extension host forks. It lives as long as the host's end of the channel. */
function main(): void {
  if (!process.connected) {
    process.stderr.write(
      'scour: the engine is started by the extension, not by hand; for the command line use dist/cli.js.\n',
    );
    process.exitCode = 4;
    return;
  }
  const server = new EngineServer(
    HANDLERS,
    (message) => process.send?.(message),
    (complaint) => process.stderr.write(`engine: ${complaint}\n`),
  );
  process.on('message', (value) => server.receive(value));
  process.on('disconnect', () => process.exit(0));
  server.start();
  // An engine that was killed could not tidy up; the next job may be one that needs no temporary folder.
  tidyAbandoned((line) => process.stderr.write(`engine: ${line}\n`));
}

main();
