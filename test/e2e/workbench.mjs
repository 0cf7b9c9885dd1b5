// What a person does in VS Code's window, by the selectors of VSCODE.md.
import { until } from './vscode.mjs';

/** Right-clicks a file in the Explorer and chooses a menu item, which extensions add only once they are known. */
export async function chooseInExplorer(page, file, item) {
  const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).first();
  await row.waitFor();
  const entry = page.locator('.monaco-menu .action-item', { hasText: item });
  await until(
    async () => {
      await row.click({ button: 'right' });
      const shown = await entry
        .first()
        .waitFor({ timeout: 1000 })
        .then(
          () => true,
          () => false,
        );
      if (!shown) await page.keyboard.press('Escape');
      return shown;
    },
    30_000,
    () => `the Explorer's menu never offered "${item}"`,
  );
  await entry.first().click();
}

/** The document inside the webview that is shown. */
export function panel(page) {
  return page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
}

/** Runs a command by its title through the command palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input');
  await input.waitFor();
  await input.fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

/** Answers VS Code's simple file dialog with a path. */
export async function answerFileDialog(page, file) {
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill(file);
  await page.keyboard.press('Enter');
}

/** Sets a colour theme through the settings of the user and waits until the workbench wears it. */
export async function setTheme(page, name, workbenchClass) {
  await runCommand(page, 'Preferences: Color Theme');
  const input = page.locator('.quick-input-widget input').first();
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator(`.monaco-workbench.${workbenchClass}`).waitFor();
}
