// Fails where package.json contributes what the code does not register or use, or the code what package.json lacks.
import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Calls whose string argument (at this index) names a contribution; `key` is where setContext names its key. */
const ROLES = {
  registerCommand: { role: 'commands', argument: 1 },
  setting: { role: 'settings', argument: 0 },
  writtenSetting: { role: 'settings', argument: 0 },
  createTreeView: { role: 'views', argument: 0 },
  registerTreeDataProvider: { role: 'views', argument: 0 },
  registerCustomEditorProvider: { role: 'customEditors', argument: 0 },
  setContext: { role: 'contextKeys', argument: 1 },
};

/**
 * What the code registers or uses, by role.
 * @param {Record<string, string>} sources TypeScript by file name
 * @returns {Record<'commands'|'settings'|'views'|'customEditors'|'contextKeys', Set<string>>}
 */
export function usesIn(sources) {
  const uses = {
    commands: new Set(),
    settings: new Set(),
    views: new Set(),
    customEditors: new Set(),
    contextKeys: new Set(),
  };
  const files = Object.entries(sources).map(([name, text]) =>
    ts.createSourceFile(name, text, ts.ScriptTarget.Latest),
  );
  const constants = new Map();
  const each = (visit) => {
    const walk = (node) => {
      visit(node);
      ts.forEachChild(node, walk);
    };
    files.forEach(walk);
  };
  each((node) => {
    if (
      ts.isVariableDeclaration(node) &&
      ts.isIdentifier(node.name) &&
      node.initializer &&
      ts.isStringLiteral(node.initializer)
    ) {
      constants.set(node.name.text, node.initializer.text);
    }
  });
  const textOf = (node) => {
    if (node === undefined) return undefined;
    if (ts.isStringLiteral(node)) return node.text;
    return ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  };
  each((node) => {
    if (!ts.isCallExpression(node)) return;
    const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
    if (!ts.isIdentifier(callee)) return;
    const first = textOf(node.arguments[0]);
    const name = callee.text === 'executeCommand' && first === 'setContext' ? 'setContext' : callee.text;
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
    const id = role && textOf(node.arguments[role.argument]);
    if (id !== undefined) uses[role.role].add(id);
  });
  return uses;
}

/**
 * Every disagreement between a manifest and the code, as sentences; empty where they agree.
 * @param {object} manifest package.json
 * @param {Record<string, string>} sources TypeScript by file name
 * @param {(file: string) => boolean} fileExists whether the package has a file, by its relative path
 * @returns {string[]}
 */
export function problemsOf(manifest, sources, fileExists) {
  const problems = [];
  const { contributes } = manifest;
  const uses = usesIn(sources);
  const ids = {
    commands: new Set(contributes.commands.map(({ command }) => command)),
    settings: new Set(Object.keys(contributes.configuration.properties)),
    views: new Set(
      Object.values(contributes.views)
        .flat()
        .map(({ id }) => id),
    ),
    customEditors: new Set(contributes.customEditors.map(({ viewType }) => viewType)),
  };
  for (const [role, contributed] of Object.entries(ids)) {
    for (const id of contributed)
      if (!uses[role].has(id))
        problems.push(`${role}: ${id} is contributed, but no code registers or uses it`);
    for (const id of uses[role])
      if (!contributed.has(id)) problems.push(`${role}: the code has ${id}, package.json does not`);
  }

  const containers = new Set(
    Object.values(contributes.viewsContainers)
      .flat()
      .map(({ id }) => id),
  );
  for (const container of Object.keys(contributes.views))
    if (!containers.has(container)) problems.push(`views: there is no container ${container}`);

  const reachable = new Set();
  const whens = [];
  for (const [menu, items] of Object.entries(contributes.menus)) {
    for (const { command, when } of items) {
      if (!ids.commands.has(command)) problems.push(`menus: ${menu} has ${command}, which is no command`);
      if (menu !== 'commandPalette') reachable.add(command);
      if (when !== undefined) whens.push([`menus: ${menu}`, when]);
    }
  }
  for (const { view, contents, when } of contributes.viewsWelcome) {
    if (!ids.views.has(view)) problems.push(`viewsWelcome: there is no view ${view}`);
    for (const [, command] of contents.matchAll(/\(command:([\w.]+)/g)) {
      if (!ids.commands.has(command)) problems.push(`viewsWelcome: ${command} is no command`);
      reachable.add(command);
    }
    if (when !== undefined) whens.push(['viewsWelcome', when]);
  }
  for (const id of ids.commands) if (!reachable.has(id)) problems.push(`commands: ${id} stands in no menu`);

  const known = new Set([...ids.views, ...ids.customEditors, ...uses.contextKeys]);
  const mentioned = new Set();
  for (const [where, when] of whens) {
    for (const [id] of when.matchAll(/\bscour\.[\w.]+/g)) {
      mentioned.add(id);
      if (!known.has(id)) problems.push(`${where}: "${when}" names ${id}, which nothing sets or contributes`);
    }
  }
  for (const key of uses.contextKeys)
    if (!mentioned.has(key)) problems.push(`contextKeys: the code sets ${key}, no when clause reads it`);

  const files = [
    manifest.icon,
    ...Object.values(contributes.viewsContainers)
      .flat()
      .map(({ icon }) => icon),
    ...Object.values(contributes.views)
      .flat()
      .map(({ icon }) => icon),
  ];
  for (const file of files)
    if (file !== undefined && !fileExists(file)) problems.push(`icons: there is no ${file}`);
  return problems;
}

async function main() {
  const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const names = (await readdir(path.join(root, 'src/host'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const sources = Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(root, 'src/host', name), 'utf8')]),
    ),
  );
  const problems = problemsOf(manifest, sources, (file) => existsSync(path.join(root, file)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log('package.json and the code agree on what is contributed');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
