import { ratiosFromList } from '../../defenses/bcu/ratios';
import type { CleanseParams, CleansingEvent, CleansingOrder, CleansingRun } from '../../protocol/cleansing';
import { CancelledError, PausedError, ScourError, messageOf } from '../../protocol/errors';
import { VERSION } from '../../protocol/version';
import type { JobContext } from '../job-context';
import type { Live } from '../server';
import { openTrainable } from '../subjects/trainable';
import { cleanseModel, type CleanseOptions } from './cleanse';
import { RunFolder } from './cleanse-runs';

/**
 * Starts a run of BCU, or resumes one, in a folder of its own, and follows it there: whatever happens to the process, the
 * folder says how far the run came. Returns the run once it is complete, diverged or paused. Throws what `cleanseModel`
 * throws; the run is then interrupted, or gone where nothing of it was done.
 */
export async function runCleansing(
  params: CleanseParams,
  context: JobContext,
  live: Live<CleansingEvent>,
): Promise<CleansingRun> {
  const folder = new RunFolder(params.store, params.id);
  const path = params.kind === 'start' ? params.order.path : params.path;
  const key = await keyOf(path, context);
  const run = params.kind === 'start' ? newRun(params, key) : resumable(folder, key);
  folder.acquire();
  try {
    return await follow({ folder, run, path }, context, live);
  } finally {
    folder.release();
  }
}

interface Followed {
  readonly folder: RunFolder;
  readonly run: CleansingRun;
  readonly path: string;
}

async function follow(
  { folder, run: started, path }: Followed,
  context: JobContext,
  live: Live<CleansingEvent>,
): Promise<CleansingRun> {
  let run = started;
  let written = Promise.resolve();
  const change = (part: Partial<CleansingRun>): void => {
    run = { ...run, ...part };
    const now = run;
    // The latest is what counts: one that could not be written is made up for by the next.
    written = written.catch(() => undefined).then(() => folder.write(now));
    written.catch(() => undefined); // thrown where it is awaited
    live.send({ kind: 'run', run });
  };
  change({ status: 'running', error: null });
  try {
    await written;
    const report = await cleanseModel(
      path,
      {
        ...optionsOf(run.order, folder),
        resume: folder.hasState,
        pause: live.pause,
        // Told again by a run that goes on.
        onNote: (note) => {
          if (!run.notes.includes(note)) change({ notes: [...run.notes, note] });
        },
        onState: change,
        onStep: (point) => {
          folder.renew();
          live.send({ kind: 'step', point });
        },
      },
      context,
    );
    change({ status: report.status, history: report.history, report });
  } catch (error) {
    if (!folder.hasState && run.history.length === 0) {
      await written.catch(() => undefined); // the error at hand is the one to show
      folder.release();
      await folder.remove();
      throw error;
    }
    if (error instanceof PausedError) change({ status: 'paused' });
    else {
      change({
        status: 'interrupted',
        error: error instanceof CancelledError ? null : messageOf(error),
      });
      // Where this cannot be kept either, the run that nobody holds counts as interrupted; the error at hand is the one to show.
      await written.catch(() => undefined);
      throw error;
    }
  }
  await written;
  return run;
}

function newRun({ id, order }: Extract<CleanseParams, { kind: 'start' }>, key: string): CleansingRun {
  return {
    id,
    key,
    version: VERSION,
    started: new Date().toISOString(),
    order,
    status: 'running',
    error: null,
    redrawn: 0,
    held: null,
    devices: null,
    before: null,
    history: [],
    notes: [],
    report: null,
  };
}

/** Throws ScourError `not-resumable`, naming why, or what `read` throws. */
function resumable(folder: RunFolder, key: string): CleansingRun {
  const run = folder.read();
  const not = (why: string): ScourError => new ScourError('not-resumable', `The run cannot go on: ${why}.`);
  if (run.status === 'complete' || run.status === 'diverged') throw not('it has ended');
  if (run.key !== key) throw not('the model has changed since it was started');
  if (run.version !== VERSION) throw not(`it was started with Scour ${run.version}, and this is ${VERSION}`);
  return run;
}

function optionsOf(order: CleansingOrder, folder: RunFolder): Omit<CleanseOptions, 'resume' | 'onNote'> {
  const { data, samples, ratios, clpU, training, monitor, preprocessing, device, engine } = order;
  return {
    data,
    output: folder.student,
    // A student that was written but not yet reported is made again.
    force: true,
    samples: samples ?? Infinity,
    choose: (stages) => ({ ratios: ratiosFromList(stages, ratios), clpU }),
    monitor,
    settings: training,
    preprocessing,
    engine,
    run: { device, threads: 0 },
  };
}

async function keyOf(path: string, context: JobContext): Promise<string> {
  const model = openTrainable(path, 'to cleanse it');
  try {
    return (await model.hash(context.within(0, 0.001))).key;
  } finally {
    model.close();
  }
}
