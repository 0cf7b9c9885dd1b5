import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { initialPlan, obstacle, orderOf, withFittingRatios } from '../../src/host/cleansing/plan';
import { CleansingSession } from '../../src/host/cleansing/session';
import { StepTrail } from '../../src/host/cleansing/steps';
import { ENGINE, type EngineMethod } from '../../src/protocol/engine';
import {
  CleansingOrderSchema,
  type CleansingDescription,
  type CleansingEvent,
  type CleansingRun,
  type StepPoint,
} from '../../src/protocol/cleansing';
import {
  ToCleansingPanelSchema,
  type CleansingPlan,
  type ToCleansingPanel,
} from '../../src/protocol/cleansing-panel';
import { CancelledError } from '../../src/protocol/errors';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';

const KEY = 'a'.repeat(64);
const DESCRIPTION: CleansingDescription = {
  key: KEY,
  stages: [
    { name: 'stem', layers: [{ name: 'conv1', kind: 'convolution', weights: 100, scan: null }] },
    { name: 'classifier', layers: [{ name: 'fc', kind: 'linear', weights: 50, scan: null }] },
  ],
  presets: [
    { id: 'increasing', label: 'Increasing', description: '', ratios: [0.01, 0.1], clpU: null },
    { id: 'clp+bcu', label: 'CLP + BCU', description: '', ratios: [0.01, 0.1], clpU: 2 },
  ],
  studied: true,
  notes: [],
};
const PACKAGE = {
  status: 'installed',
  name: '@tensorflow/tfjs-node',
  version: '4.22.0',
  directory: '/work/node_modules/@tensorflow/tfjs-node',
} as const;
const PLAN: CleansingPlan = { ...initialPlan(undefined, undefined), data: '/images' };

function runOf(id: string, status: CleansingRun['status'], order: CleansingRun['order']): CleansingRun {
  return {
    id,
    key: KEY,
    version: '0',
    started: '2026-11-21T12:00:00.000Z',
    order,
    status,
    error: null,
    redrawn: 0.04,
    held: null,
    devices: null,
    before: null,
    history: [],
    notes: [],
    report: null,
  };
}

interface Training {
  readonly params: { id: string; order?: CleansingRun['order'] };
  readonly say: (event: CleansingEvent) => void;
  readonly end: (run: CleansingRun | Error) => void;
  readonly pause: AbortSignal;
}

/** Two engines: one that answers at once, one whose trainings the test conducts. */
function open(plan: CleansingPlan = PLAN) {
  const asked: [EngineMethod, unknown][] = [];
  const answers: Partial<Record<EngineMethod, unknown>> = {
    describeCleansing: DESCRIPTION,
    listRuns: { runs: [], damaged: [] },
    deleteRun: {},
    findTfjs: { packages: [PACKAGE] },
    exportStudent: { output: '/out.onnx', bytes: 1, sha256: 'f'.repeat(64) },
  };
  let held = 0;
  const engine = {
    request: (method: EngineMethod, params: unknown) => {
      v.parse(ENGINE[method].params, params);
      asked.push([method, params]);
      return Promise.resolve(answers[method] as never);
    },
    retain: () => {
      held++;
      return () => held--;
    },
  };
  const trainings: Training[] = [];
  const trainer = {
    request: (
      method: EngineMethod,
      params: never,
      options: { signal?: AbortSignal; pause?: AbortSignal },
      say: (event: never) => void = () => undefined,
    ) =>
      new Promise<never>((resolve, reject) => {
        v.parse(ENGINE[method].params, params);
        options.signal!.addEventListener('abort', () => reject(new CancelledError()));
        trainings.push({
          params,
          say: (event) => say(event as never),
          end: (run) => (run instanceof Error ? reject(run) : resolve(run as never)),
          pause: options.pause!,
        });
      }),
  };
  const messages: ToCleansingPanel[] = [];
  const remembered: CleansingPlan[] = [];
  const session = new CleansingSession({
    path: '/net.onnx',
    name: 'net.onnx',
    engine,
    trainer,
    store: '/store',
    plan,
    remember: (kept) => remembered.push(kept),
    trusted: () => true,
    trainingEngine: () => ONNXRUNTIME,
    tfjsSearch: () => ({ workspaces: ['/work'], setting: null }),
  });
  session.subscribe((message) => {
    expect(v.is(ToCleansingPanelSchema, message), JSON.stringify(message)).toBe(true);
    messages.push(message);
  });
  const last = <K extends ToCleansingPanel['kind']>(kind: K) =>
    messages.findLast((message) => message.kind === kind) as Extract<ToCleansingPanel, { kind: K }>;
  return { session, asked, answers, trainings, messages, remembered, last, holders: () => held };
}

const point = (step: number): StepPoint => ({ step, at: step / 10, loss: 1, agreement: 50 });

describe('cleansing session', () => {
  it('starts with the ratios of the first preset, and keeps those that fit', async () => {
    const { session, last, remembered } = open();
    expect(last('plan')).toBeUndefined();
    await session.describe();
    expect(last('plan')).toMatchObject({
      plan: { ratios: [0.01, 0.1], preset: 'increasing' },
      loaded: true,
      obstacle: null,
    });
    expect(remembered.at(-1)!.ratios).toEqual([0.01, 0.1]);
    const own = { ...PLAN, ratios: [0.5, 0.5], preset: null };
    expect(withFittingRatios(own, DESCRIPTION)).toBe(own);
    expect(withFittingRatios({ ...own, ratios: [0.5] }, DESCRIPTION).ratios).toEqual([0.01, 0.1]);
    session.edit({ ratios: [0.2, 0.3], preset: null });
    expect(last('plan')).toMatchObject({ plan: { ratios: [0.2, 0.3] }, loaded: false });
    session.setRatios([0.3, 0.4]);
    expect(last('plan')).toMatchObject({ plan: { ratios: [0.3, 0.4], preset: null }, loaded: true });
  });

  it('follows a run: steps, epochs, a pause, and the list afterwards', async () => {
    const { session, answers, trainings, last, messages } = open();
    await session.describe();
    const done = session.start();
    const [training] = trainings;
    const { id, order } = training!.params;
    expect(v.is(CleansingOrderSchema, order)).toBe(true);
    expect(last('job')).toMatchObject({ id, job: { state: 'running' }, pausing: false });
    await expect(session.start()).rejects.toMatchObject({ reason: 'busy' });
    await expect(session.deleteRun(id)).rejects.toMatchObject({ reason: 'busy' });

    const run = runOf(id, 'running', order!);
    training!.say({ kind: 'run', run });
    training!.say({ kind: 'step', point: point(1) });
    expect(last('run').run).toEqual(run);
    expect(last('step')).toEqual({ kind: 'step', id, step: point(1) });
    const steps = session.messages().find((message) => message.kind === 'steps');
    expect(steps).toMatchObject({ id, steps: [point(1)] });

    session.pause();
    expect(training!.pause.aborted).toBe(true);
    expect(last('job').pausing).toBe(true);
    answers.listRuns = { runs: [{ ...run, status: 'paused' }], damaged: [] };
    training!.end({ ...run, status: 'paused' });
    await done;
    expect(last('job')).toMatchObject({
      job: { state: 'done', result: { status: 'paused' } },
      pausing: false,
    });
    expect(last('runs').runs).toMatchObject([{ id, status: 'paused' }]);

    const again = session.resume(id);
    expect(trainings[1]!.params).toMatchObject({ kind: 'resume', id, path: '/net.onnx', store: '/store' });
    session.cancel('run');
    await again;
    expect(last('job').job.state).toBe('cancelled');
    expect(session.running).toBe(false);
    for (const message of session.messages()) expect(v.is(ToCleansingPanelSchema, message)).toBe(true);
    expect(messages.filter(({ kind }) => kind === 'steps')).toHaveLength(2);
  });

  it('says what is to train and which packages could, also to a panel that comes later', async () => {
    const { session, asked, last } = open();
    expect(session.messages().some(({ kind }) => kind === 'engine')).toBe(false);
    await session.describeEngine();
    expect(asked).toEqual([['findTfjs', { workspaces: ['/work'], setting: null }]]);
    const message = { kind: 'engine', chosen: 'onnxruntime', packages: [PACKAGE] };
    expect(last('engine')).toEqual(message);
    expect(session.messages()).toContainEqual(message);
  });

  it('takes over what a run was made of, but for what is watched', async () => {
    const { session, answers, last } = open({ ...PLAN, monitorData: '/labelled' });
    await session.describe();
    const order = { ...orderOf(PLAN, '/net.onnx', ONNXRUNTIME), ratios: [0.7, 0.8], clpU: 2, data: '/other' };
    const id = '20261121-120000-0000000a';
    answers.listRuns = { runs: [runOf(id, 'complete', order)], damaged: [] };
    await session.describe();
    session.reuse(id);
    expect(last('plan')).toMatchObject({
      plan: { ratios: [0.7, 0.8], clpU: 2, data: '/other', monitorData: '/labelled' },
      loaded: true,
    });
  });

  it('lets the engine go when it is disposed of', () => {
    const { session, holders } = open();
    expect(holders()).toBe(1);
    session.dispose();
    expect(holders()).toBe(0);
  });
});

describe('plan of a cleansing', () => {
  it('says what is missing', () => {
    const ready = { ...PLAN, ratios: [0.1] };
    expect(obstacle(PLAN)).toContain('layers');
    expect(obstacle({ ...ready, data: null })).toContain('images');
    expect(obstacle({ ...ready, ratios: [0] })).toContain('Nothing is re-drawn');
    expect(obstacle({ ...ready, ratios: [0], clpU: 2 })).toBeNull();
    const attacks = [{ id: 1, attack: { kind: 'folder', path: '/triggered' } as const }];
    expect(obstacle({ ...ready, attacks })).toBeNull();
    expect(obstacle({ ...ready, attacks, monitorData: '/labelled' })).toContain('target');
    expect(orderOf({ ...ready, attacks }, '/net.onnx', ONNXRUNTIME).monitor).toBeNull();
    expect(
      orderOf({ ...ready, attacks, monitorData: '/labelled', target: 'all' }, '/net.onnx', ONNXRUNTIME)
        .monitor,
    ).toEqual({
      data: '/labelled',
      attacks: [{ kind: 'folder', path: '/triggered' }],
      target: 'all',
      limit: 1000,
    });
  });
});

describe('trail of steps', () => {
  it('is thinned evenly where it grows too long', () => {
    const trail = new StepTrail();
    for (let step = 1; step <= 20_000; step++) trail.add(point(step));
    expect(trail.points.length).toBeLessThanOrEqual(4000);
    const gaps = trail.points.slice(1).map(({ step }, i) => step - trail.points[i]!.step);
    expect(new Set(gaps).size).toBe(1);
    trail.clear();
    expect(trail.add(point(1))).toBe(true);
  });
});
