/** Names of the model files that Scour scans; what a file is, the engine decides by its content. */
export const MODEL_EXTENSIONS = ['onnx', 'pt', 'pth', 'ckpt', 'bin', 'safetensors'] as const;

/** For searching a workspace. `.bin` may be anything, so it is only scanned where somebody names it. */
export const MODEL_GLOB = `**/*.{${MODEL_EXTENSIONS.filter((each) => each !== 'bin').join(',')},pth.tar}`;

/** For file dialogs, in the order they are offered. */
export const MODEL_FILTERS: Readonly<Record<string, string[]>> = {
  'Models (ONNX, PyTorch, safetensors)': [...MODEL_EXTENSIONS, 'tar'],
  'All files': ['*'],
};

/** The filter that keeps an exported model in the format of the file it is made from. */
export function exportFilters(extension: string): Record<string, string[]> {
  const bare = extension.replace(/^\./, '').toLowerCase();
  return bare === '' ? { 'All files': ['*'] } : { [`${bare.toUpperCase()} model`]: [bare] };
}
