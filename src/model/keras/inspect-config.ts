import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { at, eachObject, textAt, type JsonObject } from './json';

/** Modules whose classes Keras and TensorFlow themselves put into configurations. */
const OWN_MODULES =
  /^(keras|tf_keras|keras_hub|keras_cv|keras_nlp|tensorflow\.keras|tensorflow\.python\.keras|builtins)(\.|$)/;
/** Where Keras keeps the functions that configurations name; other functions of Keras have been used to attack loaders. */
const FUNCTION_MODULES =
  /(^builtins$|(^|\.)(activations|initializers|regularizers|constraints|losses|metrics|ops)(\.|$))/;

/**
 * What loading a configuration in Python would run, or would need code of others for: Lambda layers hold compiled
 * Python (marshal), and `module` names any function to import (CVE-2025-1550). Nothing of it is decoded or run here.
 */
export function inspectConfig(description: unknown): Finding[] {
  const lambdas: string[] = [];
  const imports: string[] = [];
  const customs = new Set<string>();
  eachObject(description, (object) => {
    const className = textAt(object, 'class_name');
    if (className === null) return;
    if (className === 'Lambda' || className === '__lambda__') lambdas.push(lambdaName(object));
    const module = textAt(object, 'module');
    const registered = textAt(object, 'registered_name');
    if (module !== null && (!OWN_MODULES.test(module) || isStrayFunction(object, module))) {
      imports.push(
        `${module}.${className === 'function' ? (textAt(object, 'config') ?? className) : className}`,
      );
    } else if (registered !== null && registered.includes('>') && !registered.startsWith('keras')) {
      customs.add(registered);
    }
  });
  const layers = [...new Set(lambdas.filter((name) => name !== ''))].map((name) => `'${visible(name, 100)}'`);
  return [
    ...(lambdas.length > 0
      ? [
          finding(
            'keras-lambda',
            'error',
            `Lambda layers${layers.length > 0 ? ` (${listShort(layers)})` : ''} hold Python code. Keras runs it when the model is used, and older versions as soon as it is loaded. Scour did not run it.`,
          ),
        ]
      : []),
    ...(imports.length > 0
      ? [
          finding(
            'keras-unsafe-import',
            'error',
            `Loading it in Python imports ${listShort([...new Set(imports)].map((name) => `'${visible(name, 100)}'`))}, which is none of Keras' own layers and functions. A file can run any installed code that way (CVE-2025-1550). Scour imported nothing.`,
          ),
        ]
      : []),
    ...(customs.size > 0
      ? [
          finding(
            'keras-custom-object',
            'warning',
            `It needs code that is not part of Keras: ${listShort([...customs].map((name) => `'${visible(name, 100)}'`))}. What those do, the file does not say.`,
          ),
        ]
      : []),
  ];
}

function isStrayFunction(object: JsonObject, module: string): boolean {
  return textAt(object, 'class_name') === 'function' && !FUNCTION_MODULES.test(module);
}

function lambdaName(object: JsonObject): string {
  return textAt(object, 'name') ?? textAt(at(object, 'config'), 'name') ?? '';
}

function finding(id: string, level: Finding['level'], message: string): Finding {
  return { id, level, message };
}
