import { expect, test } from 'vitest';
import { hostileBytes, hostileFiles } from '../support/hostile';
import { outcomeOf } from '../support/outcome';

const FILES = hostileFiles();
/** A worker begins with the peak of the process that started it. */
const PEAK_BEFORE = process.resourceUsage().maxRSS;

test('the corpus is large', () => {
  expect(FILES.length).toBeGreaterThan(500);
});

test.each(FILES)('$name', (hostile) => {
  const bytes = hostileBytes(hostile);
  const before = process.cpuUsage();
  const outcome = outcomeOf(hostile.file, bytes);
  const { user, system } = process.cpuUsage(before);
  const { expect: expected } = hostile;
  const ids = outcome.findings.map(({ id }) => id);
  expect(outcome.error, `${outcome.messages.join(' ')} ${ids.join(' ')}`).toBe(expected.error);
  expect(ids).toEqual(expect.arrayContaining([...expected.findings]));
  if (expected.findings.length === 0 && expected.error === null) expect(ids).toEqual([]);
  if (expected.says !== undefined)
    expect(outcome.findings.map(({ message }) => message).join('\n')).toContain(expected.says);
  if (expected.tensors !== undefined) expect(outcome.tensors.size).toBe(expected.tensors);
  // What is shown can neither move the cursor nor flood the screen.
  for (const message of [...outcome.messages, ...outcome.findings.map((finding) => finding.message)]) {
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(message.length).toBeLessThan(3000);
  }
  // Of processor time: other tests may share the machine.
  expect((user + system) / 1e6).toBeLessThan(5);
});

test('the whole corpus took less than half a gigabyte', () => {
  expect(process.resourceUsage().maxRSS - PEAK_BEFORE).toBeLessThan(512 * 1024);
});

test.each(FILES.filter(({ name }) => /call (in a pickle within the pickle|three pickles deep)$/.test(name)))(
  '$name is pointed at',
  (hostile) => {
    const bytes = hostileBytes(hostile);
    const [call] = outcomeOf(hostile.file, bytes).findings.filter(({ message }) =>
      message.includes('os.system'),
    );
    const { offset } = call!.location!;
    // REDUCE, after the tuple of a text, "id".
    expect(Buffer.from(bytes.subarray(offset - 8, offset + 1)).toString('latin1')).toBe('X\x02\0\0\0idtR');
  },
);
