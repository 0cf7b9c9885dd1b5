import type * as onnxruntime from 'onnxruntime-node';

/**
 * onnxruntime, loaded when it is first needed. What goes wrong comes back as an error, whose message is Scour's to give,
 * so its own log is held back: a provider that is not installed would print twice.
 */
export async function loadOnnxruntime(): Promise<typeof onnxruntime> {
  const runtime = await import('onnxruntime-node');
  runtime.env.logLevel = 'fatal';
  return runtime;
}
