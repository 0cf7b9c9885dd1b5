import * as v from 'valibot';
import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import type { Harness, Panel } from './harness';

export type WithPanel = (
  work: (panel: Panel, page: Page) => Promise<void>,
  options?: Parameters<Harness['open']>[1],
) => Promise<void>;

/**
 * Opens the panel of a name and closes it after the work; whatever a test does must leave no fault, and post only what
 * the host understands by `posts`.
 */
export function panelTest(
  harness: () => Harness,
  name: Parameters<Harness['open']>[0],
  posts: v.GenericSchema,
): WithPanel {
  return async (work, options = {}) => {
    const panel = await harness().open(name, options);
    try {
      await work(panel, panel.page);
      expect(panel.faults).toEqual([]);
      for (const message of await panel.sent()) expect(v.is(posts, message)).toBe(true);
    } finally {
      await panel.close();
    }
  };
}

/** What the panel posted last. */
export async function last(panel: Panel): Promise<unknown> {
  return (await panel.sent()).at(-1);
}
