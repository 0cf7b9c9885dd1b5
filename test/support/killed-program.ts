// A process for tests to kill: trains as `killed.ts` asks, and says each step that it has finished before it goes on.
import { writeSync } from 'node:fs';
import { JobContext } from '../../src/engine/job-context';
import { cleanseModel } from '../../src/engine/jobs/cleanse';
import { splitDataset } from '../../src/engine/jobs/split';
import { SAMPLE, cleanseOptions } from './cleanse';
import { BRIEF, toyOptions } from './split';

const [job = '', folder = '', output = '', resumes = ''] = process.argv.slice(2);
const resume = resumes === 'resume';
const say = (what: string): void => void writeSync(1, `${what}\n`);
/** However quick the steps are beside the writing. */
const always = { keepShare: 100, onNote: say };

/** Says a step of a split where the next one begins, and the last at the end. */
class Steps extends JobContext {
  private begun = 0;

  constructor() {
    super(new AbortController().signal, () => undefined);
  }

  override tick(message: string, ...rest: [number | null, (number | null)?]): Promise<void> {
    if (message.includes('MixMatch') && this.begun++ > 0) say('step');
    return super.tick(message, ...rest);
  }

  override within(): JobContext {
    return this;
  }

  end(): void {
    if (this.begun > 0) say('step');
  }
}

if (job === 'cleanse') {
  const brief = { samples: 60, epochs: 4, batchSize: 15 };
  const options = cleanseOptions(output, brief, { resume, ...always, onStep: () => say('step') });
  await cleanseModel(SAMPLE, options, new JobContext(new AbortController().signal, () => undefined));
} else {
  const steps = new Steps();
  const settings = { ...BRIEF, iterations: 40 };
  await splitDataset(toyOptions(folder, { output, resume, settings, saveEvery: 0, ...always }), steps);
  steps.end();
}
say('done');
