import { DEVICES } from '../../src/protocol/evaluation';
import type { Choice } from './choice';

const NAMES: Readonly<Record<(typeof DEVICES)[number], string>> = {
  auto: 'Fastest available',
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
};

/** Devices as a person chooses among them. */
export const DEVICE_CHOICES: readonly Choice[] = DEVICES.map((device) => [device, NAMES[device]] as const);
