// What a person does in VS Code's window, by the selectors of VSCODE.md.
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './vscode.mjs';

/**
 * Right-clicks a file in the Explorer and chooses a menu item. Extensions add theirs only once they are known, and a
 * menu that has just opened may ignore a click: both are tried until the menu has closed upon the click.
 * @returns {Promise<number>} when the click that took was made, by `performance.now()`
 */
export async function chooseInExplorer(page, file, item) {
  const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).first();
  await row.waitFor();
  const entry = page.locator('.monaco-menu .action-item', { hasText: item }).first();
  const reaches = (state, timeout) =>
    entry.waitFor({ state, timeout }).then(
      () => true,
      () => false,
    );
  let clicked = 0;
  await until(
    async () => {
      await row.click({ button: 'right' });
      if (await reaches('visible', 1000)) {
        await sleep(300); // a menu ignores the mouse for a moment, so that the click that opened it chooses nothing
        clicked = performance.now();
        await entry.click();
        if (await reaches('hidden', 1000)) return true;
      }
      await page.keyboard.press('Escape');
      return false;
    },
    30_000,
    () => `the Explorer's menu never offered "${item}"`,
  );
  return clicked;
}

/** The document inside the webview that is shown. */
export function panel(page) {
  return page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
}

/** Text of a panel, apart from the status that announces the same words to screen readers for a while. */
export function text(within, pattern) {
  return within.getByText(pattern).and(within.locator(':not([role=status])')).first();
}

/** Runs a command by its whole title through the command palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill(`>${title}`);
  await page.locator(`.quick-input-list .monaco-list-row[aria-label^="${title}"]`).first().click();
}

/** Answers VS Code's simple file dialog with a path. */
export async function answerFileDialog(page, file) {
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill(file);
  await page.keyboard.press('Enter');
}

/** The same for a dialog that opens at `start`: it fills that in first, over whatever was typed before. */
export async function answerFileDialogAt(page, start, file) {
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await until(
    async () => (await input.inputValue()).startsWith(start),
    20_000,
    () => `the dialog does not open at ${start}`,
  );
  await answerFileDialog(page, file);
}

/** Accepts `file` in VS Code's simple file dialog, which must suggest it. */
export async function acceptSuggestion(page, file) {
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await until(
    async () => (await input.inputValue()) === file,
    10_000,
    () => `the dialog does not suggest ${file}`,
  );
  await answerFileDialog(page, file);
}

/** Answers VS Code's simple folder dialog, which opens at `start`. It takes nothing before it has filled in that. */
export async function chooseFolder(page, start, folder, label) {
  const input = page.locator('.quick-input-widget input').first();
  const accept = page.locator('.quick-input-widget .monaco-button', { hasText: label });
  await input.waitFor();
  await until(
    async () => (await input.inputValue()).startsWith(start),
    10_000,
    () => `the dialog does not open at ${start}`,
  );
  // The dialog may still be writing its own path.
  await until(
    async () => {
      await input.fill(path.join(start, folder));
      await sleep(500);
      return (await input.inputValue()).replace(/\/$/, '') === path.join(start, folder);
    },
    10_000,
    () => `the dialog writes over ${path.join(start, folder)}`,
  );
  await until(
    async () => {
      await accept.click({ timeout: 1000 }).catch(() => undefined); // it may be gone after the click before
      await sleep(500);
      return !(await accept.isVisible());
    },
    20_000,
    () => `the dialog does not take ${path.join(start, folder)}`,
  );
}

/** Picks a colour theme by its label and waits until the workbench wears it. */
export async function setTheme(page, label, workbenchClass) {
  await runCommand(page, 'Preferences: Color Theme');
  const input = page.locator('.quick-input-widget input[placeholder*="Theme"]');
  await input.waitFor();
  await input.fill(label);
  await page.locator(`.quick-input-list .monaco-list-row[aria-label^="${label}"]`).first().click();
  await page.locator(`.monaco-workbench.${workbenchClass}`).waitFor();
}

/** Fills in a number and leaves the field, as a person does. */
export async function setNumber(shown, label, value) {
  const field = shown.getByLabel(label, { exact: true }).first();
  await field.fill(String(value));
  await field.press('Tab');
}
