import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { OutputError } from '../../protocol/errors';
import { FromSplittingPanelSchema, type FromSplittingPanel } from '../../protocol/splitting-panel';
import type { EngineClient } from '../engine/client';
import type { Evaluator } from '../evaluation/evaluator';
import { localPath, nameOf } from '../local-file';
import type { PanelServices } from '../panel-messages';
import { writeAtomically } from '../results/files';
import { RunPanels } from '../run-panels';
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

export interface SplittingServices extends PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  trainer: EngineClient;
  memory: SplittingMemory;
  evaluator: Evaluator;
}

/** Splitting panels, one a dataset, and what they ask for. */
export function splittingPanels(
  services: SplittingServices,
): RunPanels<SplittingSession, FromSplittingPanel> {
  const { memory } = services;
  return new RunPanels(
    {
      viewType: SPLITTING_PANEL,
      page: 'splitting',
      verb: 'Split',
      kept: 'dataset',
      schema: FromSplittingPanelSchema,
      knows: (dataset) => memory.recall(dataset) !== undefined,
      create: (uri) => sessionOf(uri, services),
      handle: (session, message) => handle(session, message, services),
    },
    services,
  );
}

function sessionOf(uri: vscode.Uri, services: SplittingServices): SplittingSession {
  const { engine, trainer, memory, attempt } = services;
  const dataset = localPath(uri);
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
  attempt('splitting, images', () => session.describe());
  attempt('splitting, results', () => session.look());
  return session;
}

async function handle(
  session: SplittingSession,
  message: Exclude<FromSplittingPanel, { kind: 'ready' }>,
  { evaluator }: SplittingServices,
): Promise<void> {
  const near = path.dirname(session.path);
  switch (message.kind) {
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
      if (output !== null) evaluator.evaluate([vscode.Uri.file(path.join(output, 'model.onnx'))]);
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
