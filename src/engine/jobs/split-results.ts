import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { DataError } from '../../protocol/errors';
import {
  SplitReportSchema,
  SuspectListSchema,
  type SplitReport,
  type SuspectList,
} from '../../protocol/split';
import type { FoundSplit } from '../../protocol/splitting';
import { readJson } from './read-json';
import { splitState } from './split';

/** What lies at an output folder: the results of a finished run, the state of an interrupted one, or something else. */
export function findSplit(output: string): FoundSplit {
  const isFolder = statSync(output, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return {
    unfinished: splitState(output).exists,
    occupied: existsSync(output) && !(isFolder && readdirSync(output).length === 0),
    report: isFolder && existsSync(path.join(output, 'report.json')) ? reportIn(output) : null,
  };
}

/** The report of a finished run. Throws DataError where the folder holds none. */
export function reportIn(output: string): SplitReport {
  const file = path.join(output, 'report.json');
  const report = v.safeParse(SplitReportSchema, readJson(file));
  if (!report.success)
    throw new DataError('bad-layout', file, `${file} is no report as 'scour split' writes it.`);
  return report.output;
}

/** The ranked samples in a `suspects.json`. Throws DataError where it is none. */
export function suspectsIn(file: string): SuspectList {
  const list = v.safeParse(SuspectListSchema, readJson(file));
  if (!list.success)
    throw new DataError('bad-layout', file, `${file} is no list of suspects as 'scour split' writes it.`);
  return list.output;
}
