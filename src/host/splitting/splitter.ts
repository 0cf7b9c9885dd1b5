import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { OutputError } from '../../protocol/errors';
import { FromSplittingPanelSchema, type FromSplittingPanel } from '../../protocol/splitting-panel';
import { visible } from '../../protocol/wording';
import { announceEnd, followInBackground } from '../background-run';
import type { EngineClient } from '../engine/client';
import type { Evaluator } from '../evaluation/evaluator';
import { localPath, nameOf } from '../local-file';
import { writeAtomically } from '../results/files';
import { showPanel } from '../show-panel';
import { manageTrust, requireTrust } from '../trust';
import {
  chooseListFile,
  chooseQuarantine,
  chooseSeedList,
  chooseSplitFile,
  confirmMove,
  confirmReplacement,
} from './dialogs';
import type { SplittingMemory } from './memory';
import { initialPlan } from './plan';
import { SplittingSession } from './session';

export const SPLITTING_PANEL = 'scour.splitting';
const RUNNING = 'Training a model';

export interface SplitterServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  trainer: EngineClient;
  memory: SplittingMemory;
  evaluator: Evaluator;
  log: vscode.LogOutputChannel;
  /** Runs what a panel asked for and reports what it throws. */
  attempt: (doing: string, action: () => Promise<void> | void) => void;
}

/** The session of a dataset, with its panel while one is open: a run goes on without one. */
interface Open {
  readonly session: SplittingSession;
  panel: vscode.WebviewPanel | null;
}

/** Opens splitting panels and carries out what they ask for. */
export class Splitter implements vscode.WebviewPanelSerializer {
  private readonly services: SplitterServices;
  private readonly open = new Map<string, Open>();

  constructor(services: SplitterServices) {
    this.services = services;
  }

  /** Shows the splitting of a dataset: the panel that has it already, or a new one. */
  split(uri: vscode.Uri): void {
    const opened = this.sessionOf(uri);
    if (opened.panel !== null) {
      opened.panel.reveal();
      return;
    }
    const title = titleOf(opened.session);
    this.show(opened, vscode.window.createWebviewPanel(SPLITTING_PANEL, title, vscode.ViewColumn.Active));
  }

  /** Fills a panel that VS Code brought back with the window; only of datasets that a panel was opened for before. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = v.safeParse(v.object({ dataset: v.string() }), state);
    if (!kept.success || this.services.memory.recall(kept.output.dataset) === undefined) {
      panel.dispose();
      return Promise.resolve();
    }
    const opened = this.sessionOf(vscode.Uri.file(kept.output.dataset));
    if (opened.panel === null) this.show(opened, panel);
    else panel.dispose();
    return Promise.resolve();
  }

  dispose(): void {
    for (const { session } of this.open.values()) session.dispose();
    this.open.clear();
  }

  private sessionOf(uri: vscode.Uri): Open {
    const dataset = localPath(uri);
    const known = this.open.get(dataset);
    if (known !== undefined) return known;
    const { engine, trainer, memory, attempt } = this.services;
    const plan = memory.recall(dataset) ?? initialPlan(dataset);
    const session = new SplittingSession({
      path: dataset,
      name: nameOf(uri),
      engine,
      trainer,
      plan,
      remember: (changed) => memory.remember(dataset, changed),
      trusted: () => vscode.workspace.isTrusted,
    });
    memory.remember(dataset, plan);
    const opened = { session, panel: null };
    this.open.set(dataset, opened);
    attempt('splitting, images', () => session.describe());
    attempt('splitting, results', () => session.look());
    return opened;
  }

  private show(opened: Open, panel: vscode.WebviewPanel): void {
    const { session } = opened;
    opened.panel = panel;
    const subscription = session.subscribe((message) => void panel.webview.postMessage(message));
    const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => session.trustChanged());
    panel.onDidDispose(() => {
      opened.panel = null;
      subscription();
      trust.dispose();
      this.leave(opened);
    });
    panel.webview.onDidReceiveMessage((message: unknown) => this.receive(opened, message));
    showPanel(panel, this.services.extensionUri, 'splitting', titleOf(session));
  }

  /** Without a panel, a run goes on under a notification; nothing else does. */
  private leave(opened: Open): void {
    const { session } = opened;
    if (!session.running) {
      this.forget(opened);
      return;
    }
    followInBackground(session, {
      title: `Splitting ${visible(session.name)}`,
      hidden: () => opened.panel === null,
      onEnd: () => this.ended(opened),
    });
  }

  private ended(opened: Open): void {
    const { session } = opened;
    const uri = vscode.Uri.file(session.path);
    this.forget(opened);
    announceEnd(`The splitting of ${visible(session.name)} has ended or paused.`, () => this.split(uri));
  }

  private forget({ session }: Open): void {
    this.open.delete(session.path);
    session.dispose();
  }

  private receive(opened: Open, message: unknown): void {
    const { attempt, log } = this.services;
    const parsed = v.safeParse(FromSplittingPanelSchema, message);
    if (!parsed.success) {
      log.error(`the splitting panel sent a message that is not understood: ${v.summarize(parsed.issues)}`);
      return;
    }
    attempt(`splitting panel, ${parsed.output.kind}`, () => this.handle(opened, parsed.output));
  }

  private async handle({ session, panel }: Open, message: FromSplittingPanel): Promise<void> {
    const near = path.dirname(session.path);
    switch (message.kind) {
      case 'ready':
        for (const state of session.messages()) void panel?.webview.postMessage(state);
        return;
      case 'cancel':
        session.cancel(message.job);
        return;
      case 'describe':
        return session.describe();
      case 'choose': {
        const chosen = await chooseSplitFile(message, session.fileOf(message.field) ?? near);
        if (chosen !== undefined) await session.setFile(message.field, chosen);
        return;
      }
      case 'forget':
        return session.setFile(message.field, null);
      case 'edit':
        return session.edit(message.change);
      case 'run':
        return start(session);
      case 'resume':
        if (await requireTrust(RUNNING)) await session.run('resume');
        return;
      case 'pause':
        session.pause();
        return;
      case 'seedPage':
        return session.showSeeds(message.query);
      case 'pick':
        session.pick(message.name, message.picked);
        return;
      case 'savePicks':
        return savePicks(session);
      case 'page':
        return session.suspects.show(message);
      case 'save':
        return saveList(session, message.format);
      case 'reveal': {
        const output = session.fileOf('output');
        if (output !== null)
          await vscode.commands.executeCommand(
            'revealFileInOS',
            vscode.Uri.file(path.join(output, 'report.json')),
          );
        return;
      }
      case 'evaluate': {
        const output = session.fileOf('output');
        if (output !== null)
          this.services.evaluator.evaluate([vscode.Uri.file(path.join(output, 'model.onnx'))]);
        return;
      }
      case 'quarantine':
        return moveSuspects(session, near);
      case 'release':
        return session.suspects.release();
      case 'manageTrust':
        return manageTrust();
    }
  }
}

async function start(session: SplittingSession): Promise<void> {
  if (!(await requireTrust(RUNNING))) return;
  await session.look();
  const { found } = session;
  const taken = found !== null && (found.unfinished || found.occupied);
  if (taken && !(await confirmReplacement(session.fileOf('output') ?? '', found.unfinished))) return;
  await session.run(taken ? 'replace' : 'new');
}

async function moveSuspects(session: SplittingSession, near: string): Promise<void> {
  if (!(await requireTrust('Moving images'))) return;
  const folder = await chooseQuarantine(near);
  if (folder === undefined) return;
  const { description } = await session.suspects.planMove(folder);
  if (await confirmMove(description)) await session.suspects.quarantine(folder);
}

async function savePicks(session: SplittingSession): Promise<void> {
  const text = session.seedList;
  const file = await chooseSeedList(session.seedFile ?? `${session.path}.seeds.txt`);
  if (file === undefined) return;
  await writeAtomically(file, text);
  session.useSeeds(file);
}

async function saveList(session: SplittingSession, format: 'csv' | 'json'): Promise<void> {
  const output = session.fileOf('output');
  if (output === null) return;
  const list = path.join(output, `suspects.${format}`);
  const target = await chooseListFile(`${session.path}.suspects.${format}`, format);
  if (target === undefined) return;
  if (path.resolve(target) === path.resolve(list))
    throw new OutputError(
      'is-input',
      target,
      `${path.basename(target)} is the list itself: it is there already.`,
    );
  await writeAtomically(target, await readFile(list, 'utf8'));
}

function titleOf({ name }: SplittingSession): string {
  return `Split ${visible(name)}`;
}
