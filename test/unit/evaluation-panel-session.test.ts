import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ENGINE, type EngineMethod } from '../../src/protocol/engine';
import { CancelledError, ScourError } from '../../src/protocol/errors';
import {
  EvaluationPlanSchema,
  ToEvaluationPanelSchema,
  type EvaluationPlan,
  type ToEvaluationPanel,
} from '../../src/protocol/evaluation-panel';
import { PlanMemory } from '../../src/host/evaluation/memory';
import {
  evaluateParams,
  initialPlan,
  newAttack,
  obstacle,
  sweepParams,
  withOwnFiles,
} from '../../src/host/evaluation/plan';
import { EvaluationSession } from '../../src/host/evaluation/session';
import * as fixtures from '../webview/evaluation-fixtures';

interface Asked {
  method: EngineMethod;
  params: unknown;
  signal: AbortSignal | undefined;
}

/** An engine that answers with the fixtures, once it is let; it checks parameters as the real one does. */
class FakeEngine {
  readonly asked: Asked[] = [];
  held = 0;
  hold: Promise<void> = Promise.resolve();
  answers: Partial<Record<EngineMethod, unknown>> = {
    describeData: { ...(fixtures.description() as { description: { result: object } }).description.result },
    previewTrigger: fixtures.triggerPreview(),
    evaluate: fixtures.report(),
    sweep: fixtures.sweepReport(),
    exportEvaluation: { output: '/out/r.html', bytes: 3, sha256: 'f'.repeat(64) },
  };

  request = async (method: EngineMethod, params: unknown, options: { signal?: AbortSignal }) => {
    v.parse(ENGINE[method].params, params);
    this.asked.push({ method, params, signal: options.signal });
    await Promise.race([
      this.hold,
      new Promise((_, reject) =>
        options.signal?.addEventListener('abort', () => {
          reject(new CancelledError());
        }),
      ),
    ]);
    const answer = this.answers[method];
    if (answer instanceof Error) throw answer;
    return answer as never;
  };

  retain = () => {
    this.held++;
    return () => this.held--;
  };
}

function open(plan: Partial<EvaluationPlan> = {}) {
  const engine = new FakeEngine();
  const messages: ToEvaluationPanel[] = [];
  const remembered: [string[], EvaluationPlan][] = [];
  const session = new EvaluationSession({
    models: fixtures.MODELS.map((path) => ({ path, name: path.split('/').at(-1)! })),
    engine: engine,
    plan: fixtures.plan(plan),
    remember: (models, kept) => remembered.push([models.map(({ path }) => path), kept]),
    trusted: () => true,
  });
  session.subscribe((message) => {
    expect(v.is(ToEvaluationPanelSchema, message)).toBe(true);
    messages.push(message);
  });
  const last = <K extends ToEvaluationPanel['kind']>(kind: K) =>
    messages.findLast((message) => message.kind === kind) as Extract<ToEvaluationPanel, { kind: K }>;
  return { session, engine, messages, remembered, last };
}

describe('evaluation session', () => {
  it('tells a new panel everything, before and after a run', async () => {
    const { session } = open();
    const kinds = ['models', 'plan', 'description', 'trigger', 'run', 'sweep', 'export'];
    expect(session.messages().map(({ kind }) => kind)).toEqual(kinds);
    await session.run();
    for (const message of session.messages()) expect(v.is(ToEvaluationPanelSchema, message)).toBe(true);
    expect(session.messages().find(({ kind }) => kind === 'run')).toMatchObject({ run: { state: 'done' } });
  });

  it('keeps the plan for every model, and evaluates all of them with it', async () => {
    const { session, engine, remembered } = open();
    session.edit({ target: 3, limit: 500, device: 'cpu' });
    expect(remembered.at(-1)).toMatchObject([fixtures.MODELS, { target: 3, limit: 500, device: 'cpu' }]);
    await session.run();
    expect(engine.asked.at(-1)).toMatchObject({
      method: 'evaluate',
      params: { models: fixtures.MODELS, target: 3, limit: 500, device: 'cpu', attacks: [fixtures.BADNETS] },
    });
  });

  it('leaves alone what an edit does not name', () => {
    const { session, last } = open({ target: 4 });
    session.edit({ seed: 9, target: undefined });
    expect(last('plan').plan).toMatchObject({ seed: 9, target: 4 });
  });

  it('says when the report is out of date, and when it is again what was asked', async () => {
    const { session, last } = open();
    await session.run();
    await session.sweep(fixtures.MODELS[0]!);
    session.edit({ seed: 1 });
    expect(last('plan').outdated).toEqual({ run: true, sweep: true });
    session.edit({ seed: 0 });
    expect(last('plan').outdated).toEqual({ run: false, sweep: false });
    session.removeModel(fixtures.MODELS[1]!);
    expect(last('plan').outdated).toEqual({ run: true, sweep: false });
  });

  it('looks at the images once for each question', async () => {
    const { session, engine, last } = open();
    await session.describe();
    await session.describe();
    expect(engine.asked.filter(({ method }) => method === 'describeData')).toHaveLength(1);
    session.edit({ preprocessing: { size: [64, 64] } });
    await Promise.resolve();
    expect(engine.asked.at(-1)).toMatchObject({ params: { preprocessing: { size: [64, 64] } } });
    engine.answers.describeData = new ScourError('no-images', 'There are no images.');
    session.setData('/elsewhere');
    await expect.poll(() => last('description').description.state).toBe('failed');
    await session.describe();
    expect(engine.asked.filter(({ method }) => method === 'describeData')).toHaveLength(4);
  });

  it('takes attacks, edits and removes them, under ids that are not used again', async () => {
    const { session, last } = open({ attacks: [] });
    session.addAttack('sig', {});
    session.addAttack('patch', { file: '/p.png' });
    session.addAttack('patch', {});
    expect(last('plan').plan.attacks.map(({ id, attack }) => [id, attack.kind])).toEqual([
      [1, 'sig'],
      [2, 'patch'],
    ]);
    session.editAttack({ kind: 'editAttack', id: 1, attack: { kind: 'sig', delta: 40, frequency: 6 } });
    expect(last('plan').plan.attacks[0]!.attack).toMatchObject({ delta: 40 });
    session.setAttackFile(2, 'file', '/q.png');
    session.setAttackFile(2, 'generator', '/g.onnx');
    expect(last('plan').plan.attacks[1]!.attack).toEqual({
      kind: 'patch',
      file: '/q.png',
      x: 0,
      y: 0,
      width: null,
      height: null,
    });
    await session.previewTrigger(2);
    expect(last('trigger')).toMatchObject({ id: 2, trigger: { state: 'done' } });
    session.removeAttack(2);
    expect(last('trigger')).toMatchObject({ id: null, trigger: { state: 'idle' } });
  });

  it('refuses to run what is not complete, and asks nothing of the engine', async () => {
    const { session, engine } = open({ target: null });
    await expect(session.run()).rejects.toThrow('Choose the target class of the triggers first.');
    session.edit({ target: 0 });
    await session.sweep('/not/one/of/them.onnx');
    expect(engine.asked).toEqual([]);
  });

  it('cancels a run, and is not in the way of the next', async () => {
    const { session, engine, last } = open();
    engine.hold = new Promise(() => undefined);
    const running = session.run();
    expect(last('run').run.state).toBe('running');
    session.cancel('run');
    await running;
    expect(last('run').run.state).toBe('cancelled');
    engine.hold = Promise.resolve();
    await session.run();
    expect(last('run').run.state).toBe('done');
    engine.answers.evaluate = new ScourError('run-failed', 'The model cannot be run.');
    await session.run();
    expect(last('run').run).toMatchObject({ state: 'failed', error: { reason: 'run-failed' } });
  });

  it('exports the report with the sweep that answers the same question', async () => {
    const { session, engine, last } = open();
    await session.export('html', '/out/r.html', false);
    expect(engine.asked).toEqual([]);
    await session.run();
    await session.sweep(fixtures.MODELS[0]!);
    await session.export('html', '/out/r.html', true);
    const params = engine.asked.at(-1)!.params as { report: ReturnType<typeof fixtures.report> };
    expect(params).toMatchObject({ format: 'html', output: '/out/r.html', force: true });
    expect(params.report.models.map(({ sweep }) => sweep?.length)).toEqual([21, undefined]);
    expect(last('export').export).toMatchObject({ state: 'done', result: { output: '/out/r.html' } });
    expect(session.exported).toMatchObject({ format: 'html' });
    engine.answers.sweep = { ...fixtures.sweepReport(), target: 5 };
    await session.sweep(fixtures.MODELS[0]!);
    expect(session.report?.models.map(({ sweep }) => sweep)).toEqual([undefined, undefined]);
  });

  it('holds the engine while it is open, and lets go with whatever runs', async () => {
    const { session, engine } = open();
    engine.hold = new Promise(() => undefined);
    const running = session.run();
    expect(engine.held).toBe(1);
    session.dispose();
    await running;
    expect(engine.asked[0]!.signal?.aborted).toBe(true);
    expect(engine.held).toBe(0);
  });
});

describe('evaluation plan', () => {
  it('starts with what the audit of the model knows', () => {
    expect(initialPlan(undefined)).toMatchObject({ data: null, attacks: [], preprocessing: {} });
    expect(initialPlan({ u: 2, images: '/images', preprocessing: { crop: 224 } })).toMatchObject({
      data: '/images',
      preprocessing: { crop: 224 },
    });
    expect(v.is(EvaluationPlanSchema, initialPlan(undefined))).toBe(true);
  });

  it('needs images, and a target where there are triggers', () => {
    expect(obstacle(fixtures.plan({ data: null }))).toContain('images');
    expect(obstacle(fixtures.plan({ target: null }))).toContain('target');
    expect(obstacle(fixtures.plan({ target: null, attacks: [] }))).toBeNull();
  });

  it('asks for no target without a trigger, and for no evidence that is not wanted', () => {
    const params = evaluateParams(
      fixtures.plan({ attacks: [], samples: false, tac: false, embedding: false }),
      fixtures.MODELS,
    );
    expect(params).toMatchObject({ target: null, samples: 0, tacImages: 0, embeddingImages: 0 });
    expect(params).not.toHaveProperty('limit');
    const { us } = sweepParams(fixtures.plan(), '/m.onnx');
    expect([us[0], us[1], us.at(-1), us.length]).toEqual([0, 0.5, 10, 21]);
  });

  it('takes no file from the panel, but lets one go', () => {
    const blended = { kind: 'blended', alpha: 0.2, pattern: '/mine.png', seed: 0 } as const;
    expect(withOwnFiles(blended, { ...blended, alpha: 0.5, pattern: '/etc/passwd' })).toEqual({
      ...blended,
      alpha: 0.5,
    });
    expect(withOwnFiles(blended, { ...blended, pattern: null })).toEqual({ ...blended, pattern: null });
    expect(withOwnFiles({ ...blended, pattern: null }, blended)).toEqual({ ...blended, pattern: null });
    const folder = { kind: 'folder', path: '/mine' } as const;
    expect(withOwnFiles(folder, { kind: 'folder', path: '/etc' })).toBe(folder);
    expect(withOwnFiles(folder, fixtures.BADNETS)).toBe(folder);
    expect(newAttack('input-aware', { generator: '/g.onnx' })).toBeNull();
  });

  it('is kept by model path, and dropped where it is not understood', () => {
    const store = new Map<string, unknown>();
    const log: string[] = [];
    const memory = new PlanMemory(
      {
        get: (key) => store.get(key),
        update: (key, value) => Promise.resolve(void store.set(key, value)),
      },
      (line) => log.push(line),
    );
    memory.remember('/a.onnx', fixtures.plan({ seed: 1 }));
    memory.remember('/b.onnx', fixtures.plan({ seed: 2 }));
    expect(memory.recall('/a.onnx')?.seed).toBe(1);
    expect(memory.recall('/c.onnx')).toBeUndefined();
    store.set('scour.evaluations', [['/a.onnx', { data: 3 }]]);
    expect(memory.recall('/a.onnx')).toBeUndefined();
    expect(log[0]).toContain('dropped the settings of evaluations');
  });
});
