import type { Finding } from '../protocol/findings';

/** Of a file that carries Scour's provenance. */
export const MADE_BY_SCOUR: Finding = {
  id: 'made-by-scour',
  level: 'warning',
  message:
    'Scour made this file from another model (see its provenance). CLP is not idempotent: pruning a pruned model takes more channels.',
};
