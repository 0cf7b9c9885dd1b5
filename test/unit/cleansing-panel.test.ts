import { describe, expect, it } from 'vitest';
import { redrawnShareOf } from '../../src/protocol/ratio-editing';
import {
  commonRatio,
  outliersOf,
  placedStages,
  sameStart,
  weightsOf,
  withClpU,
  withLayers,
  withPreset,
  withShare,
  type Draft,
} from '../../webview/cleansing/draft';
import { curveOf, inWords, lossCurves, overEpochs } from '../../webview/cleansing/curves';
import { guidanceFor } from '../../webview/cleansing/guidance';
import { AGREEMENT, studentAt, LOSS, measuresOf, watchedMeasures } from '../../webview/cleansing/measures';
import { finished, resumable, runNames, runWords } from '../../webview/cleansing/run-words';
import { INITIAL, obstacle, receive, runningOf } from '../../webview/cleansing/state';
import { startWords } from '../../webview/cleansing/start-words';
import { stepsInWords } from '../../webview/cleansing/steps-words';
import { startHistory } from '../../webview/cleansing/history';
import * as fixtures from '../webview/cleansing-fixtures';

const description = fixtures.descriptionOf();
const weights = weightsOf(description);
const paper: Draft = { ratios: fixtures.INCREASING_RATIOS, preset: 'increasing', clpU: null };
const preset = (id: string) => description.presets.find((one) => one.id === id)!;

describe('the draft of ratios', () => {
  it('places layers in the order of the stages', () => {
    const stages = placedStages(description);
    expect(stages.flatMap(({ layers }) => layers.map(({ place }) => place))).toEqual(
      weights.map((_, at) => at),
    );
    expect(stages[1]!.layers.map(({ place }) => place)).toEqual([1, 2, 3, 4]);
  });

  it('forgets its preset once a ratio moves, and finds it again by what it starts', () => {
    const { draft } = withLayers(paper, weights, [0], 0.5, false);
    expect(draft.preset).toBeNull();
    expect(draft.ratios.slice(1)).toEqual(paper.ratios.slice(1));
    expect(sameStart({ ratios: [...paper.ratios], clpU: null }, paper)).toBe(true);
    expect(sameStart(draft, paper)).toBe(false);
    expect(sameStart(withClpU(paper, 2), paper)).toBe(false);
    expect(withClpU(paper, null)).toBe(paper);
  });

  it('takes a preset as it is, or scaled to a held total', () => {
    expect(withPreset(paper, weights, preset('clp+bcu'), false)).toEqual({
      ratios: preset('clp+bcu').ratios,
      preset: 'clp+bcu',
      clpU: 2,
    });
    const held = withPreset(paper, weights, preset('uniform'), true);
    const share = redrawnShareOf(weights, paper.ratios);
    expect(held.preset).toBeNull();
    for (const ratio of held.ratios) expect(ratio).toBeCloseTo(share, 12);
    expect(redrawnShareOf(weights, withShare(paper, weights, 0.4).ratios)).toBeCloseTo(0.4, 12);
  });

  it('counts outliers at the u of CLP, at 3 without, and none where nothing was scored', () => {
    const [stem] = description.stages[0]!.layers;
    const [linear] = description.stages.at(-1)!.layers;
    // Thirty-one values within 0.2 and one far above: z is near its limit, (32 − 1)/√32 = 5.48.
    expect(outliersOf(stem!, null)).toBe(1);
    expect(outliersOf(stem!, 6)).toBe(0);
    expect(outliersOf(linear!, 2)).toBeNull();
  });

  it('knows where a stage has one ratio', () => {
    expect(commonRatio(paper.ratios, [1, 2, 3, 4])).toBe(0.01);
    expect(commonRatio(paper.ratios, [4, 5])).toBeNull();
    expect(commonRatio(paper.ratios, [])).toBeNull();
  });

  it('is called by its preset, or by what it re-draws', () => {
    const start = { ratios: paper.ratios, clpU: null, redrawn: 0.2216, restoreNorms: false };
    expect(startWords(start, description)).toBe('Increasing (paper), 22.2 % re-drawn');
    expect(startWords({ ...start, clpU: 2.5 }, description)).toBe('own ratios, 22.2 % re-drawn, CLP u = 2.5');
    expect(startWords({ ...start, restoreNorms: true }, description)).toBe(
      'Increasing (paper), 22.2 % re-drawn, batch norms put back',
    );
  });
});

describe('the state of the panel', () => {
  it('says what stands in the way, the nearest first', () => {
    let state = INITIAL;
    expect(obstacle(state)).toBe('Waiting for the extension.');
    state = receive(state, fixtures.planMessage({ data: null }));
    state = receive(state, fixtures.modelMessage(false));
    expect(obstacle(state)).toContain('not trusted');
    state = receive(state, fixtures.modelMessage());
    expect(obstacle(state)).toContain('Waiting for the layers');
    state = { ...state, history: startHistory(paper) };
    expect(obstacle(state)).toBe('Choose the unlabeled images first.');
    state = receive(state, {
      ...fixtures.planMessage(),
      obstacle: 'Choose the target class first.',
    } as never);
    expect(obstacle(state)).toBe('Choose the target class first.');
    state = receive(state, fixtures.planMessage());
    expect(obstacle(state)).toBe('');
  });

  it('replaces one run among many, and puts a new one first', () => {
    const [first, second] = fixtures.FINISHED;
    let state = receive(INITIAL, fixtures.runsMessage());
    const paused = { ...second!, status: 'paused' as const };
    state = receive(state, { kind: 'run', run: paused });
    expect(state.runs).toEqual([first, paused]);
    const live = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'running', done: 1 });
    state = receive(state, { kind: 'run', run: live });
    expect(state.runs.map(({ id }) => id)).toEqual([live.id, first!.id, second!.id]);
    expect(runningOf(state)).toBeNull();
    state = receive(state, fixtures.runningMessage());
    expect(runningOf(state)).toBe(live);
  });

  it('does steps over after a resume, and leaves those of another run', () => {
    const id = fixtures.LIVE_RUN;
    let state = receive(INITIAL, { kind: 'steps', id, steps: fixtures.stepsOf(5) });
    const again = { ...fixtures.stepsOf(3)[2]!, loss: 9 };
    state = receive(state, { kind: 'step', id, step: again });
    expect(state.steps!.points.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(state.steps!.points[2]!.loss).toBe(9);
    state = receive(state, { kind: 'step', id: fixtures.BCU_RUN, step: fixtures.stepsOf(1)[0]! });
    expect(state.steps).toMatchObject({ id: fixtures.BCU_RUN, points: [{ step: 1 }] });
  });
});

describe('what is drawn of a run', () => {
  const [clp, bcu] = fixtures.FINISHED;

  it('begins with the student before training where that was measured', () => {
    const asr = watchedMeasures([bcu!]).find(({ label }) => label === 'ASR')!;
    const { points } = curveOf(bcu!, asr, 'ASR', 1);
    expect(points).toHaveLength(21);
    expect(points[0]).toEqual({ x: 0, y: 12.5, title: 'Before training' });
    expect(points[20]!.y).toBeCloseTo(97, 9);
    expect(studentAt(bcu!, asr)).toBeCloseTo(97, 9);
    expect(curveOf(bcu!, LOSS, 'Loss', 0).points[0]!.x).toBe(1);
  });

  it('holds what any of the runs was watched on', () => {
    const blind = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'complete', done: 3, watched: false });
    expect(watchedMeasures([blind])).toEqual([]);
    expect(measuresOf([blind, clp!]).map(({ label }) => label)).toEqual([
      'Loss',
      'Agreement',
      'ACC',
      'ASR',
      'RA',
      'Temperature',
    ]);
    const asr = watchedMeasures([clp!]).find(({ label }) => label === 'ASR')!;
    expect(curveOf(blind, asr, 'ASR', 0).points).toEqual([]);
  });

  it('leaves out what is not a number, and says curves in words', () => {
    const run = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'diverged', done: 2 });
    const broken = { ...run, history: [run.history[0]!, { ...run.history[1]!, loss: NaN }] };
    expect(curveOf(broken, LOSS, 'Loss', 0).points).toHaveLength(1);
    const steps = [{ step: 1, at: 0.05, loss: 2, agreement: 10 }];
    const [step] = lossCurves(broken, steps);
    expect(step!.points).toEqual([{ x: 1, y: 2, title: 'Step 1' }]);
    const agreement = curveOf(run, AGREEMENT, 'Agreement', 0);
    expect(inWords('Agreement', [agreement], AGREEMENT)).toMatch(
      /^Agreement over epochs\. Agreement: epoch 1 \d+\.\d %, epoch 2 \d+\.\d %\.$/,
    );
    expect(overEpochs([agreement], AGREEMENT, 20)).toMatchObject({ x: { max: 20 }, y: { max: 100 } });
  });

  it('is told apart by name', () => {
    const twin = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'complete', done: 20, seed: 1 });
    const names = runNames([twin, clp!, bcu!], description);
    expect(new Set(names).size).toBe(3);
    expect(names[1]).toBe('CLP + BCU, 22.1 % re-drawn');
    expect(names[0]).toContain('seed 1');
    expect(runWords(bcu!, description)).toContain('epoch 20 of 20');
    expect([clp!, bcu!].map(finished)).toEqual([true, true]);
    expect(resumable(fixtures.runOf({ id: twin.id, status: 'interrupted', done: 1 }))).toBe(true);
    expect(finished({ status: 'diverged', report: null })).toBe(false);
  });
});

describe('what to change after a run', () => {
  const [clp, bcu] = fixtures.FINISHED;

  it('advises CLP + BCU and higher late ratios where a watched trigger still works', () => {
    const { seen, change, warns } = guidanceFor(bcu!);
    expect(warns).toBe(true);
    expect(seen.join(' ')).toContain('97.0 % of images still go to the target (teacher: 100.0 %)');
    expect(seen.join(' ')).toContain('training brings badnets back');
    expect(change.join(' ')).toMatch(/CLP.*later stages/);
  });

  it('says where the student stood lower before, also before any training', () => {
    const { before, ...run } = bcu!;
    const asrOf = (monitored: typeof before, asr: number): typeof before =>
      monitored && {
        ...monitored,
        student: {
          ...monitored.student,
          attacks: monitored.student.attacks.map((attack) => ({ ...attack, asr })),
        },
      };
    const low = guidanceFor({ ...run, before: asrOf(before, 0.9) });
    expect(low.seen.join(' ')).toContain('It stood at 0.9 % after re-initialisation: training brings');
    const high = guidanceFor({ ...run, before: asrOf(before, 100), history: run.history.slice(-1) });
    expect(high.seen.join(' ')).not.toContain('It stood at');
  });

  it('gives figures without advice where it does not, and says what they do not speak of', () => {
    const { seen, change, warns } = guidanceFor(clp!);
    expect(warns).toBe(false);
    expect(seen.join(' ')).toContain('2.4 % of images still go to the target');
    expect(seen.join(' ')).toContain('the watched triggers alone');
    expect(change).toEqual([]);
  });

  it('says that agreement is not safety where nothing was watched', () => {
    const blind = fixtures.runOf({
      id: fixtures.LIVE_RUN,
      status: 'complete',
      done: 20,
      watched: false,
      clpU: 3,
    });
    const { seen, change, warns } = guidanceFor(blind);
    expect(warns).toBe(false);
    expect(seen.join(' ')).toContain('no measure of safety');
    expect(change[0]).toMatch(/^Prune more: a CLP threshold below u = 3\. .*at most 5 points less/);
  });

  it('tells by the agreement alone what was lost at most, and whether more is affordable', () => {
    const blind = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'complete', done: 20, watched: false });
    const at = (agreement: number) => guidanceFor({ ...blind, report: { ...blind.report!, agreement } });
    expect(at(92.5).seen.join(' ')).toContain('disagree on 7.5 % of these images');
    expect(at(92.5).change.join(' ')).toContain('There is room for it');
    expect(at(85).change.join(' ')).not.toMatch(/room|forgotten/);
    expect(at(70).change.join(' ')).toContain('First win back what was forgotten');
    expect(guidanceFor({ ...blind, report: null }).seen.join(' ')).not.toContain('disagree');
    // Where accuracy was watched, it speaks for itself, and where the trigger no longer works nothing is advised.
    const watched = guidanceFor({ ...clp!, report: { ...clp!.report!, agreement: 92.5 } });
    expect(watched.seen.join(' ')).not.toContain('disagree');
    expect(watched.change).toEqual([]);
  });

  it('speaks of lost accuracy, and of a run that diverged', () => {
    const short = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'diverged', done: 1, asr: 2 });
    const { seen, change } = guidanceFor(short);
    expect(seen[0]).toContain('diverged');
    expect(seen.join(' ')).toContain('Accuracy fell by');
    expect(change.join(' ')).toContain('Lower the learning rate');
    expect(change.join(' ')).toContain('more images');
  });
});

describe('what settings come to', () => {
  it('counts images and steps', () => {
    const { training } = fixtures.planOf();
    expect(stepsInWords(5000, { samples: null, training })).toBe(
      '5,000 images an epoch in 20 steps, 400 in 20 epochs.',
    );
    expect(stepsInWords(100, { samples: 2500, training: { ...training, epochs: 1 } })).toBe(
      '100 images an epoch in 1 step, 1 in 1 epoch.',
    );
  });
});
