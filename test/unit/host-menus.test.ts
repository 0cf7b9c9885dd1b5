import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json';
import { MODEL_EXTENSIONS } from '../../src/host/model-files';

/** The when clause of a command in the Explorer's menu. */
function whenOf(command: string): string {
  const entries = packageJson.contributes.menus['explorer/context'];
  return entries.find((entry) => entry.command === command)!.when;
}

/** The regular expressions of a when clause, for a file's extension and for its name. */
function offersFor(when: string, file: string): boolean {
  const [extension, name] = [/resourceExtname =~ \/(.*?)\/i/, /resourceFilename =~ \/(.*?)\/i/].map(
    (pattern) => new RegExp(pattern.exec(when)![1]!, 'i'),
  );
  return extension!.test(file.slice(file.lastIndexOf('.'))) || name!.test(file);
}

describe('the Explorer menu', () => {
  const commands = ['scour.scan', 'scour.evaluate', 'scour.cleanse'];

  it.each(commands)('offers %s for every format that Scour reads, and no other file', (command) => {
    const when = whenOf(command);
    for (const extension of MODEL_EXTENSIONS)
      expect(offersFor(when, `net.${extension}`), extension).toBe(true);
    for (const file of ['net.pth.tar', 'model.json', 'model.safetensors.index.json', 'NET.PTH'])
      expect(offersFor(when, file), file).toBe(true);
    for (const file of ['package.json', 'photo.png', 'data.tar.gz', 'pth'])
      expect(offersFor(when, file), file).toBe(false);
  });
});
