import type { Attack } from '../protocol/attack';
import type { Preprocessing } from '../protocol/preprocessing';
import type { SessionOptions } from '../runtime/session';
import { blendedTrigger } from './blended';
import { inputAwareTrigger } from './input-aware';
import { badnetsTrigger, labelConsistentTrigger, patchTrigger } from './patch';
import { sigTrigger } from './sig';
import type { Trigger } from './trigger';
import { wanetTrigger } from './wanet';

/** An attack that is put on clean images; `folder` brings images of its own. */
export type SyntheticAttack = Exclude<Attack, { kind: 'folder' }>;

/**
 * The trigger of an attack for images as `preprocessing` makes them. Rejects with UsageError where a parameter does not
 * fit the image, DataError or RuntimeError where a file that it needs cannot be used.
 */
export async function createTrigger(
  attack: SyntheticAttack,
  preprocessing: Preprocessing,
  run: SessionOptions,
): Promise<Trigger> {
  switch (attack.kind) {
    case 'badnets':
      return badnetsTrigger(attack, preprocessing);
    case 'patch':
      return await patchTrigger(attack, preprocessing);
    case 'blended':
      return await blendedTrigger(attack, preprocessing);
    case 'sig':
      return sigTrigger(attack, preprocessing);
    case 'lc':
      return labelConsistentTrigger(attack, preprocessing);
    case 'wanet':
      return wanetTrigger(attack, preprocessing);
    case 'input-aware':
      return await inputAwareTrigger(attack, preprocessing, run);
  }
}
