import path from 'node:path';

/**
 * The import borders of the source tree. A folder may import itself and what is listed for it; `vscode`,
 * `onnxruntime-node` and the browser libraries each have one home. Tests and scripts are not bound.
 */
const CORE = ['model', 'data', 'protocol'];
const ENGINE_BELOW = [
  'report',
  'defenses',
  'detection',
  'attacks',
  'evaluation',
  'training',
  'runtime',
  ...CORE,
];
export const ALLOWED = {
  extension: ['host'],
  host: ['protocol'],
  cli: ['engine', ...ENGINE_BELOW],
  engine: ENGINE_BELOW,
  report: ['defenses', 'detection', 'attacks', 'evaluation', 'training', 'runtime', ...CORE],
  defenses: ['training', 'runtime', 'evaluation', 'attacks', ...CORE],
  detection: ['training', 'runtime', 'evaluation', 'attacks', ...CORE],
  attacks: ['training', 'runtime', ...CORE],
  evaluation: ['attacks', 'runtime', ...CORE],
  training: ['runtime', ...CORE],
  runtime: CORE,
  data: ['model', 'protocol'],
  model: ['protocol'],
  protocol: [],
  webview: ['protocol'],
};
const HOMES = {
  vscode: ['host', 'extension'],
  'onnxruntime-node': ['runtime'],
  hyparquet: ['data'],
  'chart.js': ['webview'],
  '@vscode-elements/elements': ['webview'],
};

/** The border area of a file: its folder under src/, `webview`, or null where borders do not apply. */
export function areaOf(root, file) {
  const [top, second, ...rest] = path.relative(root, file).split(path.sep);
  if (top === 'webview') return 'webview';
  if (top !== 'src' || second === undefined) return null;
  return rest.length === 0 ? second.replace(/\.ts$/, '') : second;
}

/** Why `from` may not import `specifier`, or null where it may. */
export function violation(root, file, specifier) {
  const from = areaOf(root, file);
  if (from === null) return null;
  if (!specifier.startsWith('.')) {
    for (const [name, homes] of Object.entries(HOMES)) {
      const isIt = specifier === name || specifier.startsWith(`${name}/`);
      if (isIt && !homes.includes(from)) return `only ${homes.join(', ')} may import '${name}'`;
    }
    return null;
  }
  const target = path.resolve(path.dirname(file), specifier);
  const to = areaOf(root, target);
  if (to === null) return `${from} may not import from outside src/ ('${specifier}')`;
  if (to === from || ALLOWED[from]?.includes(to)) return null;
  return `${from} may not import ${to}; it may import ${ALLOWED[from]?.join(', ') || 'nothing else'}`;
}

/** @type {import('eslint').Rule.RuleModule} */
export const borders = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const message = violation(context.cwd, context.filename, source.value);
      if (message) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal ?? node.argument),
    };
  },
};
