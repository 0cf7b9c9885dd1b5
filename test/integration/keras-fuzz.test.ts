import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/model/checkpoint';
import { ModelError } from '../../src/protocol/errors';
import { KERAS, openBytes, scoresOf } from '../support/keras';

/** SCOUR_FUZZ_ROUNDS makes it longer. */
const ROUNDS = Number(process.env['SCOUR_FUZZ_ROUNDS'] ?? 30);
/** The library is stopped after 5 s without progress; starting its thread and scoring come on top on a busy machine. */
const LIMIT_MS = 15_000;

describe('mutated Keras files end in an error, a finding or layers, and soon', () => {
  test.each(['sequential.h5', 'functional.keras'])('%s', { timeout: ROUNDS * LIMIT_MS }, async (file) => {
    const good = readFileSync(path.join(KERAS, file));
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = Buffer.from(good);
      // HDF5 keeps its structures in front of the first dataset: half of the changes go there.
      for (let n = 1 + random(6); n > 0; n--) bytes[random(n % 2 ? bytes.length : 4096)] = random(256);
      const began = Date.now();
      let checkpoint: Checkpoint | null = null;
      try {
        checkpoint = openBytes(`mutated${path.extname(file)}`, bytes);
        await scoresOf(checkpoint);
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(ModelError);
      } finally {
        checkpoint?.close?.();
      }
      expect(Date.now() - began, `round ${round}`).toBeLessThan(LIMIT_MS);
    }
  });
});
