import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json';
import { SETTINGS, settingValue, trainingEngineOf, type SettingId } from '../../src/host/setting-values';
import { TRAINING_ENGINES } from '../../src/protocol/training-engine';

const contributed = packageJson.contributes.configuration.properties;

describe('settings', () => {
  it('have the same defaults and ranges in package.json and in the code', () => {
    const described = Object.entries(contributed).flatMap(([id, each]) =>
      'minimum' in each
        ? [[id, { default: each.default, minimum: each.minimum, maximum: each.maximum }] as const]
        : [],
    );
    expect(Object.fromEntries(described)).toEqual(SETTINGS);
  });

  it.each([
    ['scour.u', 2.5, 2.5],
    ['scour.u', -1, 0],
    ['scour.u', '3', 3],
    ['scour.engine.memoryLimitMb', 1e12, 1_048_576],
    ['scour.engine.stallSeconds', Number.NaN, 15],
    ['scour.engine.idleSeconds', undefined, 10],
  ] satisfies [SettingId, unknown, number][])('%s written as %s is %s', (id, written, value) => {
    expect(settingValue(id, written)).toBe(value);
  });

  it('leaves what belongs to the machine out of the reach of a workspace', () => {
    for (const [id, { scope }] of Object.entries(contributed)) {
      if (id.startsWith('scour.engine.') || id === 'scour.tfjsPath') expect(scope, id).toBe('machine');
    }
  });

  it('offer the training engines there are, and take no other', () => {
    expect(contributed['scour.trainingEngine'].enum).toEqual(TRAINING_ENGINES);
    const search = { workspaces: ['/work'], setting: null };
    expect(trainingEngineOf('tfjs', search)).toEqual({ name: 'tfjs', search });
    for (const written of ['onnxruntime', 'TFJS', '', undefined, 3])
      expect(trainingEngineOf(written, search)).toEqual({ name: 'onnxruntime' });
  });
});
