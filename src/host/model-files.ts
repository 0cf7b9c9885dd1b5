/** Names of the model files that Scour scans; what a file is, the engine decides by its content. */
export const MODEL_EXTENSIONS = [
  'onnx',
  'pt',
  'pth',
  'ckpt',
  'bin',
  'tar',
  'safetensors',
  'keras',
  'h5',
  'hdf5',
] as const;

/** Extensions that anything may have: such files are only scanned where somebody names them. */
const AMBIGUOUS: readonly string[] = ['bin', 'tar', 'h5', 'hdf5'];

/** For searching a workspace. */
export const MODEL_GLOB = `**/{*.{${MODEL_EXTENSIONS.filter((each) => !AMBIGUOUS.includes(each)).join(',')},pth.tar,index.json},model.json}`;

/** For file dialogs, in the order they are offered. */
export const MODEL_FILTERS: Readonly<Record<string, string[]>> = {
  'Models (ONNX, PyTorch, safetensors, Keras, TensorFlow.js)': [...MODEL_EXTENSIONS, 'json'],
  'All files': ['*'],
};
