import { workspace } from 'vscode';
import type { TfjsSearch, TrainingEngineChoice } from '../protocol/training-engine';
import { settingValue, trainingEngineOf, type SettingId } from './setting-values';

/** The value of a numeric setting, as it is now. */
export function setting(id: SettingId): number {
  return settingValue(id, workspace.getConfiguration().get(id));
}

/** What is to train students, as the settings say now. */
export function chosenTrainingEngine(): TrainingEngineChoice {
  return trainingEngineOf(writtenSetting('scour.trainingEngine'), tfjsSearch());
}

/** Where TensorFlow.js is looked for: the folder of the setting, or else the folders of the workspace. */
export function tfjsSearch(): TfjsSearch {
  const folders = workspace.workspaceFolders ?? [];
  const written = writtenSetting('scour.tfjsPath');
  return {
    workspaces: folders.flatMap(({ uri }) => (uri.scheme === 'file' ? [uri.fsPath] : [])),
    setting: typeof written === 'string' && written.trim() !== '' ? written.trim() : null,
  };
}

/** As the user wrote it: anything. */
function writtenSetting(id: 'scour.trainingEngine' | 'scour.tfjsPath'): unknown {
  return workspace.getConfiguration().get(id);
}
