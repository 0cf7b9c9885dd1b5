import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { messageOf } from '../../protocol/errors';
import type { ToEngine } from '../../protocol/rpc';
import { visible } from '../../protocol/wording';
import type { EngineExit } from './exit';

/** A running engine process, as the client sees it. */
export interface EngineProcess {
  send(message: ToEngine): void;
  /** Ends the process at once. `exit` is still reported. */
  kill(): void;
}

/** What a process tells its owner. `message` is unchecked. */
export interface EngineEvents {
  message(value: unknown): void;
  /** Called once, after the last message and the last line of output. */
  exit(exit: EngineExit): void;
}

export type StartEngine = (events: EngineEvents) => EngineProcess;

export interface ForkOptions {
  /** The engine's bundle. */
  script: string;
  /** Limit of V8's old generation, in MiB. */
  memoryLimitMb: number;
  /** Takes each line that the engine writes to standard output or error, control characters made visible. */
  log: (line: string) => void;
}

const STDERR_KEPT = 8192;
const LINE_KEPT = 1000;

/**
 * Forks the engine under this process's own Node (VS Code's Electron runs as Node where ELECTRON_RUN_AS_NODE is set).
 * A process that cannot be started reports `exit` with the failure.
 */
export function forkEngine(options: ForkOptions, events: EngineEvents): EngineProcess {
  const child = fork(options.script, [], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    execArgv: [`--max-old-space-size=${options.memoryLimitMb}`],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const stderr = follow(child, options.log);
  let failure: Error | null = null;
  let ended = false;
  const end = (code: number | null, signal: NodeJS.Signals | null) => {
    if (ended) return;
    ended = true;
    events.exit({ code, signal, stderr: stderr(), failure });
  };
  child.on('message', (value) => events.message(value));
  child.on('error', (error) => {
    // Also raised where a signal or a message could not be sent; only a process without an id never started.
    if (child.pid === undefined) {
      failure = error;
      end(null, null);
    } else {
      options.log(`engine: ${messageOf(error)}`);
    }
  });
  // Not 'exit': the last words on standard error say why it ended.
  child.on('close', end);
  return {
    send(message) {
      if (!child.connected) return; // it has ended: 'close' follows and fails the job
      child.send(message, (error) => {
        if (error !== null) options.log(`engine: message not delivered: ${error.message}`);
      });
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

/** Sends the child's output to the log line by line; returns a function that gives the end of its standard error. */
function follow(child: ChildProcess, log: (line: string) => void): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_KEPT);
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null)
      createInterface({ input: stream }).on('line', (line) => log(visible(line.slice(0, LINE_KEPT))));
  }
  return () => tail;
}
