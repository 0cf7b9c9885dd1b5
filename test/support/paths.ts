import { existsSync } from 'node:fs';
import path from 'node:path';

/** The repository. */
export const ROOT = path.join(import.meta.dirname, '../..');
/** Reference data, models and results beside the repository; only tests and benchmarks may read it. */
export const SHARED = path.join(ROOT, '../shared');
export const FIXTURES = path.join(ROOT, 'test/fixtures');

export const HAS_SHARED = existsSync(path.join(SHARED, 'models'));
/** Appended to the title of tests that need it, so that a skipped run says why. */
export const NEEDS_SHARED = HAS_SHARED ? '' : ' (skipped: ../shared is absent)';
