import { ModelError, type ModelReason } from '../../protocol/errors';

/** A zip archive cannot be read. `what` continues the file's name: "has no zip directory". */
export class ZipError extends ModelError {
  constructor(reason: ModelReason, path: string, what: string, options?: ErrorOptions) {
    super(reason, path, `${path} ${what}.`, options);
  }
}
