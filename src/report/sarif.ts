import { pathToFileURL } from 'node:url';
import type { Location, Log, LogicalLocation, Region, ReportingDescriptor, Run } from 'sarif';
import type { Finding, Level } from '../protocol/findings';
import { VERSION } from '../protocol/version';
import { FINDING_KINDS } from './finding-kinds';

/** Something said of a model. `info`: a figure, no finding. */
export interface SarifResult {
  readonly rule: string;
  readonly level: Level | 'info';
  readonly message: string;
  readonly path: string;
  /** A tensor of the model. */
  readonly tensor?: string;
  /** Where in the file. */
  readonly location?: NonNullable<Finding['location']>;
}

/** Something that kept the run from seeing all, or that a reader must know of it. */
export interface SarifNotification {
  readonly id: string;
  readonly level: 'warning' | 'error';
  readonly message: string;
  readonly path?: string;
}

/** One piece of Scour's work, before it is written. */
export interface SarifRun {
  readonly artifacts: readonly { readonly path: string; readonly sha256: string; readonly bytes?: number }[];
  readonly results: readonly SarifResult[];
  readonly notifications: readonly SarifNotification[];
  /** False where something that was asked for could not be done. */
  readonly successful: boolean;
}

/** A SARIF 2.1.0 log (OASIS) of one or several runs. */
export function sarifLog(runs: readonly SarifRun[]): Log {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: runs.map(written),
  };
}

function written({ artifacts, results, notifications, successful }: SarifRun): Run {
  const rules = new Map<string, Level | 'none'>();
  for (const { rule, level } of results) if (!rules.has(rule)) rules.set(rule, levelOf(level));
  const ids = [...rules.keys()];
  const indices = new Map(artifacts.map(({ path }, index) => [path, index]));
  return {
    tool: {
      driver: {
        name: 'Scour',
        version: VERSION,
        rules: [...rules].map(([id, level]) => ({
          id,
          ...shortDescription(id),
          defaultConfiguration: { level },
        })),
      },
    },
    invocations: [
      {
        executionSuccessful: successful,
        toolExecutionNotifications: notifications.map(({ id, level, message, path }) => ({
          level,
          descriptor: { id },
          message: { text: message },
          ...(path === undefined
            ? {}
            : { locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }] }),
        })),
      },
    ],
    artifacts: artifacts.map(({ path, sha256, bytes }) => ({
      location: { uri: uriOf(path) },
      ...(bytes === undefined ? {} : { length: bytes }),
      hashes: { 'sha-256': sha256 },
    })),
    results: results.map(({ rule, level, message, path, tensor, location }) => {
      const index = indices.get(path);
      return {
        ruleId: rule,
        ruleIndex: ids.indexOf(rule),
        level: levelOf(level),
        ...(level === 'info' ? { kind: 'informational' } : {}),
        message: { text: message },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: uriOf(path), ...(index === undefined ? {} : { index }) },
              ...regionOf(location),
            },
            ...logicalPlaces(tensor, location),
          },
        ],
      };
    }),
  };
}

function shortDescription(id: string): Pick<ReportingDescriptor, 'shortDescription'> {
  const kind = FINDING_KINDS.get(id);
  return kind === undefined ? {} : { shortDescription: { text: kind.says } };
}

/** Of the file itself; an offset within a member of an archive is not one of the file (§3.30.10). */
function regionOf(location: SarifResult['location']): { region?: Region } {
  return location === undefined || location.member !== undefined
    ? {}
    : { region: { byteOffset: location.offset, byteLength: 0 } };
}

/** The tensor, and the member of the archive with the offset in it. */
function logicalPlaces(tensor: string | undefined, location: SarifResult['location']): Partial<Location> {
  const member = location?.member;
  const places: LogicalLocation[] = [
    ...(tensor === undefined ? [] : [{ name: tensor, kind: 'member' }]),
    ...(member === undefined
      ? []
      : [{ name: member, kind: 'resource', properties: { byteOffset: location!.offset } }]),
  ];
  return places.length === 0 ? {} : { logicalLocations: places };
}

/** SARIF wants level `none` of whatever is no finding. */
function levelOf(level: SarifResult['level']): Level | 'none' {
  return level === 'info' ? 'none' : level;
}

function uriOf(path: string): string {
  return pathToFileURL(path).href;
}
