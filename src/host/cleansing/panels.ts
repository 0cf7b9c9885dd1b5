import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { AttackFile } from '../../protocol/attack';
import { FromCleansingPanelSchema, type FromCleansingPanel } from '../../protocol/cleansing-panel';
import { OutputError, UsageError } from '../../protocol/errors';
import { parseRatioFile, ratioFile } from '../../protocol/ratio-file';
import { visible } from '../../protocol/wording';
import { openAudit } from '../audit/actions';
import type { EditorMemory } from '../audit/memory';
import type { EngineClient } from '../engine/client';
import { chooseAttackFile } from '../evaluation/dialogs';
import type { Evaluator } from '../evaluation/evaluator';
import type { PlanMemory } from '../evaluation/memory';
import { neededFiles, type AttackKind } from '../evaluation/plan';
import { examineTarget } from '../export-target';
import { localPath, nameOf } from '../local-file';
import type { PanelServices } from '../panel-messages';
import { writeAtomically } from '../results/files';
import { RunPanels } from '../run-panels';
import { chosenTrainingEngine, tfjsSearch } from '../settings';
import { manageTrust, requireTrust } from '../trust';
import { chooseImages, chooseRatioFile, chooseRatios, chooseStudentFile, confirmDeletion } from './dialogs';
import type { CleansingMemory } from './memory';
import { initialPlan } from './plan';
import { CleansingSession } from './session';

export const CLEANSING_PANEL = 'scour.cleansing';
const RUNNING = 'Running and training a model';
/** A file of ratios is a line a layer. */
const MOST_RATIO_BYTES = 16 * 1024 * 1024;

export interface CleansingServices extends PanelServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  trainer: EngineClient;
  /** Folder that holds the runs. */
  store: string;
  memory: CleansingMemory;
  audits: EditorMemory;
  evaluations: PlanMemory;
  evaluator: Evaluator;
}

/** Cleansing panels, one a model, and what they ask for. */
export function cleansingPanels(
  services: CleansingServices,
): RunPanels<CleansingSession, FromCleansingPanel> {
  const { memory, attempt } = services;
  return new RunPanels(
    {
      viewType: CLEANSING_PANEL,
      page: 'cleansing',
      verb: 'Cleanse',
      kept: 'model',
      schema: FromCleansingPanelSchema,
      knows: (model) => memory.recall(model) !== undefined,
      create: (uri) => sessionOf(uri, services),
      handle: (session, message) => handle(session, message, services),
      listen: (session) =>
        vscode.workspace.onDidChangeConfiguration((change) => {
          if (
            change.affectsConfiguration('scour.trainingEngine') ||
            change.affectsConfiguration('scour.tfjsPath')
          )
            attempt('cleansing, training engine', () => session.describeEngine());
        }),
    },
    services,
  );
}

function sessionOf(uri: vscode.Uri, services: CleansingServices): CleansingSession {
  const { engine, trainer, store, memory, audits, evaluations, attempt } = services;
  const model = localPath(uri);
  const plan = memory.recall(model) ?? initialPlan(audits.recall(uri.toString()), evaluations.recall(model));
  const session = new CleansingSession({
    path: model,
    name: nameOf(uri),
    engine,
    trainer,
    store,
    plan,
    remember: (changed) => memory.remember(model, changed),
    trusted: () => vscode.workspace.isTrusted,
    trainingEngine: chosenTrainingEngine,
    tfjsSearch,
  });
  memory.remember(model, plan);
  attempt('cleansing, layers', () => session.describe());
  attempt('cleansing, training engine', () => session.describeEngine());
  attempt('cleansing, images', async () => {
    await session.describeImages('data');
    await session.describeImages('monitor');
  });
  return session;
}

async function handle(
  session: CleansingSession,
  message: Exclude<FromCleansingPanel, { kind: 'ready' }>,
  { evaluator }: CleansingServices,
): Promise<void> {
  const near = session.imagesAt('data') ?? path.dirname(session.path);
  switch (message.kind) {
    case 'cancel':
      session.cancel(message.job);
      return;
    case 'describe':
      return session.describe();
    case 'chooseData': {
      const chosen = await chooseImages(message, session.imagesAt(message.set) ?? near);
      if (chosen !== undefined) session.setImages(message.set, chosen);
      return;
    }
    case 'forgetMonitor':
      session.setImages('monitor', null);
      return;
    case 'describeImages':
      return session.describeImages(message.set);
    case 'edit':
      session.edit(message.change);
      return;
    case 'addAttack':
      return addAttack(session, message.attack, near);
    case 'editAttack':
      session.editAttack(message);
      return;
    case 'chooseAttackFile': {
      const chosen = await chooseAttackFile(message.field, near);
      if (chosen !== undefined) session.setAttackFile(message.id, message.field, chosen);
      return;
    }
    case 'removeAttack':
      session.removeAttack(message.id);
      return;
    case 'saveRatios':
      return saveRatios(session);
    case 'loadRatios':
      return loadRatios(session);
    case 'preview':
      if (await requireTrust(RUNNING)) await session.preview();
      return;
    case 'run':
      if (await requireTrust(RUNNING)) await session.start();
      return;
    case 'pause':
      session.pause();
      return;
    case 'resume':
      if (await requireTrust(RUNNING)) await session.resume(message.id);
      return;
    case 'deleteRun': {
      const run = session.run(message.id);
      if (run !== undefined && !(await confirmDeletion(run.started))) return;
      return session.deleteRun(message.id);
    }
    case 'reuse':
      session.reuse(message.id);
      return;
    case 'export':
      return exportStudent(session, message.id);
    case 'openExported':
      if (session.exported !== null)
        await openAudit(vscode.Uri.file(session.exported.output), { viewColumn: vscode.ViewColumn.Beside });
      return;
    case 'evaluateExported':
      if (session.exported !== null)
        evaluator.evaluate([vscode.Uri.file(session.path), vscode.Uri.file(session.exported.output)]);
      return;
    case 'manageTrust':
      return manageTrust();
    case 'openEngineSettings':
      await vscode.commands.executeCommand(
        'workbench.action.openSettings',
        '@id:scour.trainingEngine,scour.tfjsPath',
      );
      return;
  }
}

/** Adds an attack, once the files that it is nothing without have been chosen. */
async function addAttack(session: CleansingSession, kind: AttackKind, near: string): Promise<void> {
  const files: Partial<Record<AttackFile, string>> = {};
  for (const field of neededFiles(kind)) {
    const chosen = await chooseAttackFile(field, near);
    if (chosen === undefined) return;
    files[field] = chosen;
  }
  session.addAttack(kind, files);
}

async function saveRatios(session: CleansingSession): Promise<void> {
  const { ratios } = session;
  if (ratios === null) return;
  const output = await chooseRatioFile(session.path);
  if (output === undefined) return;
  await refuseModel(session, output);
  await writeAtomically(output, ratioFile(ratios.names, ratios.values));
}

async function loadRatios(session: CleansingSession): Promise<void> {
  const { ratios } = session;
  if (ratios === null) return;
  const file = await chooseRatios(session.path);
  if (file === undefined) return;
  if ((await stat(file)).size > MOST_RATIO_BYTES)
    throw new UsageError('bad-value', `${visible(file, 120)} is too large for a file of ratios.`);
  session.setRatios(parseRatioFile(await readFile(file, 'utf8'), file, ratios.names, ratios.defaults));
}

async function exportStudent(session: CleansingSession, id: string): Promise<void> {
  if (!(await requireTrust('Exporting a student'))) return;
  const output = await chooseStudentFile(session.path);
  if (output === undefined) return;
  await refuseModel(session, output);
  // The dialog has asked before it named a file that exists.
  await session.export(id, output, (await examineTarget(session.path, output)) === 'exists');
}

async function refuseModel(session: CleansingSession, output: string): Promise<void> {
  if ((await examineTarget(session.path, output)) !== 'is-input') return;
  throw new OutputError(
    'is-input',
    output,
    `${path.basename(output)} is the model itself. The suspicious file is never overwritten: choose another name.`,
  );
}
