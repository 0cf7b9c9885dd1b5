import type { Command } from './commands/command';

/** Options of every command. */
export const COMMON_HELP: readonly (readonly [string, string])[] = [
  ['--format FORMAT', 'text, json, or sarif where the command has findings (default: text)'],
  ['--output-report FILE', 'write the result to a file as well'],
  [
    '--mean R,G,B --std R,G,B',
    'of images scaled to 0…1 (default: preprocessor_config.json beside the model, or what Scour noted in it)',
  ],
  ['--size N|HxW', 'resize images to this size, or their short side where --crop is given'],
  ['--crop N', 'then cut out the central N × N'],
  ['--layout LAYOUT', "nchw or nhwc (default: from the model's input)"],
  ['--channels ORDER', 'rgb, bgr or grey'],
  ['--seed N', 'seed of everything random (default: 0)'],
  ['--device DEVICE', 'auto, cpu, webgpu or cuda (default: auto)'],
  ['--threads N', 'threads of the CPU (default: one a core)'],
  ['--help, --version', ''],
];

export const EXIT_CODES = `Exit codes: 0 done; 1 findings at or above --fail-on; 2 failed or incomplete; 3 nothing supported to read; 4 usage.`;

/** The help of one command. */
export function commandHelp(command: Command): string {
  return [
    `Usage: ${command.usage}`,
    '',
    `${command.name}: ${command.summary}.`,
    '',
    'Options:',
    columns(command.help),
    '',
    'Common options:',
    columns(COMMON_HELP),
    '',
    EXIT_CODES,
  ].join('\n');
}

/** Rows of two columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}
