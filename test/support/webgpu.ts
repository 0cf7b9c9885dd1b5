import { existsSync } from 'node:fs';
import { constants } from 'node:os';

/** Chromium's software Vulkan, where the machine has no GPU of its own. SCOUR_GPU=1 uses what the machine has. */
const SOFTWARE = '/usr/lib/chromium/vk_swiftshader_icd.json';
const usesGpu = process.env['SCOUR_GPU'] === '1';

/** Chromium brings Vulkan's loader along, outside the system's folders: loaded for good, onnxruntime finds it by name. */
const LOADER = '/usr/lib/chromium/libvulkan.so.1';
const RTLD_NODELETE = 0x1000;

export const HAS_WEBGPU = usesGpu || existsSync(SOFTWARE);
export const NEEDS_WEBGPU = ` (needs ${SOFTWARE} or SCOUR_GPU=1)`;

/** Makes this process find the software adapter. To be called before onnxruntime is loaded. */
export function useWebgpu(): void {
  if (usesGpu) return;
  process.env['VK_ICD_FILENAMES'] = SOFTWARE;
  if (!existsSync(LOADER)) return;
  try {
    process.dlopen({ exports: {} }, LOADER, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is no addon, which is what this says.
  }
}
