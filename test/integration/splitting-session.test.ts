import path from 'node:path';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { HANDLERS } from '../../src/engine/handlers';
import { JobContext } from '../../src/engine/job-context';
import { INITIAL_PLAN } from '../../src/host/splitting/plan';
import { SplittingSession, type SplittingOptions } from '../../src/host/splitting/session';
import { ENGINE, type EngineMethod } from '../../src/protocol/engine';
import {
  SplittingPlanSchema,
  ToSplittingPanelSchema,
  type SplittingPlan,
  type ToSplittingPanel,
} from '../../src/protocol/splitting-panel';
import { inTemporaryFolder } from '../support/jobs';
import { toyOptions, writeToySet } from '../support/split';

/** The engine's own jobs, without a process between. */
const request = (async (
  method: EngineMethod,
  params: never,
  { signal, pause }: { signal?: AbortSignal; pause?: AbortSignal },
  send: (event: never) => void = () => undefined,
) => {
  const context = new JobContext(signal ?? new AbortController().signal, () => undefined);
  const live = { send, pause: pause ?? new AbortController().signal };
  const result: unknown = await HANDLERS[method](
    v.parse(ENGINE[method].params, params) as never,
    context,
    live as never,
  );
  return v.parse(ENGINE[method].result, structuredClone(result));
}) as unknown as SplittingOptions['engine']['request'];

it(
  'a session splits a dataset, pauses, resumes, and moves suspects there and back',
  { timeout: 120_000 },
  () =>
    inTemporaryFolder(async (folder) => {
      writeToySet(folder);
      const { data, seeds, seedsPerClass, architecture, settings, preprocessing } = toyOptions(folder);
      let plan: SplittingPlan = v.parse(SplittingPlanSchema, {
        ...INITIAL_PLAN,
        seeds,
        seedsPerClass,
        settings: { ...settings, augmentation: { ...settings.augmentation } },
        preprocessing,
      });
      const messages: ToSplittingPanel[] = [];
      const engine = { request, retain: () => () => undefined };
      const session = new SplittingSession({
        path: data,
        name: 'data',
        engine,
        trainer: engine,
        plan,
        remember: (changed) => (plan = changed),
        trusted: () => true,
      });
      session.subscribe((message) =>
        messages.push(v.parse(ToSplittingPanelSchema, structuredClone(message))),
      );
      const last = <K extends ToSplittingPanel['kind']>(kind: K) =>
        session.messages().find((m): m is Extract<ToSplittingPanel, { kind: K }> => m.kind === kind)!;

      await expect(session.run('new')).rejects.toThrow(/architecture/);
      await session.setFile('architecture', architecture);
      expect(last('images').images).toMatchObject({
        state: 'done',
        result: { images: 106, modelClasses: 4 },
      });
      await session.setFile('output', path.join(folder, 'out'));
      const stop = session.subscribe((message) => {
        if (message.kind === 'history' && message.history.length === 1) session.pause();
      });
      await session.run('new');
      stop();
      expect(last('job').job).toMatchObject({ state: 'done', result: { status: 'paused' } });
      expect(session.found).toMatchObject({ unfinished: true });
      await session.run('resume');
      expect(last('job').job).toMatchObject({ state: 'done', result: { status: 'complete' } });
      expect(last('history').history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
      await session.suspects.show({ which: 'all', label: null, from: 0 });
      expect(last('page').page).toMatchObject({ state: 'done', result: { total: 106 } });
      if (session.found!.report!.suspects.suspected > 0) {
        await session.suspects.quarantine(path.join(folder, 'held'));
        expect(last('move').move).toMatchObject({ state: 'done' });
        expect(plan.quarantine).toBe(path.join(folder, 'held'));
        await session.suspects.release();
        expect(plan.quarantine).toBeNull();
      }
      session.dispose();
      expect(messages.length).toBeGreaterThan(10);
    }),
);
