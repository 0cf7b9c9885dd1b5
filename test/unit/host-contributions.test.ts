import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../scripts/check-contributions.mjs';

const CODE = `
  export const EDITOR = 'scour.audit';
  registerCommand(log, 'scour.scan', () => setting('scour.u'));
  vscode.window.createTreeView('scour.models', {});
  vscode.window.registerCustomEditorProvider(EDITOR, editors);
  vscode.commands.executeCommand('setContext', 'scour.running', true);
`;
const manifest = () => ({
  icon: 'media/icon.png',
  contributes: {
    commands: [{ command: 'scour.scan' }],
    configuration: { properties: { 'scour.u': {} } as Record<string, object> },
    viewsContainers: { activitybar: [{ id: 'scour', icon: 'media/scour.svg' }] },
    views: { scour: [{ id: 'scour.models' }] } as Record<string, { id: string }[]>,
    customEditors: [{ viewType: 'scour.audit' }],
    menus: {
      'explorer/context': [
        { command: 'scour.scan', when: "activeCustomEditorId == 'scour.audit' && scour.running" },
      ],
    },
    viewsWelcome: [{ view: 'scour.models', contents: '[Scan](command:scour.scan)' }],
  },
});
const check = (
  edit: (m: ReturnType<typeof manifest>) => void = () => undefined,
  code = CODE,
  files = true,
) => {
  const changed = manifest();
  edit(changed);
  return problemsOf(changed, { 'host.ts': code }, () => files);
};

describe('check-contributions', () => {
  it('finds nothing where manifest and code agree', () => {
    expect(check()).toEqual([]);
  });

  it.each([
    ['command', "'scour.scan', ()", 'commands: scour.scan'],
    ['setting', "setting('scour.u')", 'settings: scour.u'],
    ['view', "createTreeView('scour.models', {})", 'views: scour.models'],
    ['custom editor', 'registerCustomEditorProvider(EDITOR, editors)', 'customEditors: scour.audit'],
    ['context key', "'scour.running', true", 'scour.running'],
  ])('fails where the code lacks a contributed %s', (_what, text, problem) => {
    expect(CODE).toContain(text);
    expect(check(undefined, CODE.replace(text, '0')).join('\n')).toContain(problem);
  });

  it('fails where the code registers what is not contributed', () => {
    const more = `${CODE} registerCommand(log, 'scour.other', f); setting('scour.more'); setContext('x', 'scour.key');`;
    const problems = check(undefined, more).join('\n');
    expect(problems).toContain('the code has scour.other');
    expect(problems).toContain('the code has scour.more');
    expect(problems).toContain('the code sets scour.key');
  });

  it('fails on a menu, welcome text, container, when clause or icon that points nowhere', () => {
    expect(
      check((m) => (m.contributes.menus['explorer/context'][0]!.command = 'scour.gone')).join(),
    ).toContain('is no command');
    expect(
      check((m) => (m.contributes.viewsWelcome[0]!.contents = '[x](command:scour.gone)')).join(),
    ).toContain('scour.gone');
    expect(check((m) => (m.contributes.views = { other: [{ id: 'scour.models' }] })).join()).toContain(
      'no container other',
    );
    expect(
      check((m) => (m.contributes.menus['explorer/context'][0]!.when = 'scour.runnning')).join(),
    ).toContain('runnning');
    expect(check(undefined, CODE, false).join()).toContain('there is no media/icon.png');
  });

  it('fails where a command can be reached from no menu', () => {
    expect(
      check((m) => {
        m.contributes.commands.push({ command: 'scour.hidden' });
      }, `${CODE} registerCommand(log, 'scour.hidden', f)`),
    ).toEqual(['commands: scour.hidden stands in no menu']);
  });
});
