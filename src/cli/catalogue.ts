/**
 * The commands, known without loading them: each is a bundle of its own (scripts/build.mjs), so that a scan does not pay
 * for what training needs.
 */
export const CATALOGUE = {
  scan: 'score every channel of every convolution (CLP) and report outliers; needs no data',
  prune: 'write a copy of the model with its outlier channels silenced (CLP)',
  cleanse: 'distil a student from the model with unlabeled images (BCU), after CLP if wanted',
  evaluate: 'measure ACC on labelled images, ASR and RA on triggered ones; several models side by side',
  split: 'train a new model from a suspicious dataset and rank its samples (ASD)',
  quarantine: 'move the images that a split suspects out of the dataset, or back',
  report: 'merge results written with --format json into one report: HTML, Markdown or SARIF',
} as const;

export type CommandName = keyof typeof CATALOGUE;
