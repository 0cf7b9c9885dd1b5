import { IDLE_MS } from './limits';
import { LibraryThread } from './thread';

/** To start a thread takes longer than to read a small file: one that is given back waits for the next file. */
let waiting: { readonly thread: LibraryThread; readonly end: NodeJS.Timeout } | null = null;

/** A thread of one's own, until it is given back. */
export function borrowThread(): LibraryThread {
  if (waiting === null) return new LibraryThread();
  const { thread, end } = waiting;
  clearTimeout(end);
  waiting = null;
  return thread;
}

/** Keeps one thread for a while; any more, and those that are worn, are ended. */
export function returnThread(thread: LibraryThread): void {
  if (thread.isStopped) return;
  if (waiting !== null || thread.isWorn) {
    thread.stop();
    return;
  }
  const end = setTimeout(() => {
    waiting = null;
    thread.stop();
  }, IDLE_MS).unref();
  waiting = { thread, end };
}
