import { execFileSync } from 'node:child_process';

/** Debian's Python; SCOUR_PYTHON names another. */
export const PYTHON = process.env['SCOUR_PYTHON'] ?? '/usr/bin/python3';

export const HAS_TORCH = hasTorch();
/** Appended to the title of tests that need PyTorch, so that a skipped run says why. */
export const NEEDS_TORCH = HAS_TORCH ? '' : ` (skipped: ${PYTHON} has no torch and torchvision)`;

function hasTorch(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import torch, torchvision'], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

/** For a child process: one thread, because two thread pools on two busy cores slow each other many times over. */
export const ONE_THREAD: NodeJS.ProcessEnv = { ...process.env, OMP_NUM_THREADS: '1' };
