import { workspace } from 'vscode';
import { settingValue, type SettingId } from './setting-values';

/** The value of a setting, as it is now. */
export function setting(id: SettingId): number {
  return settingValue(id, workspace.getConfiguration().get(id));
}
