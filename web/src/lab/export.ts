import type { EngineInfo } from './protocol.ts';
import type { RaceReport } from './race.ts';
import type { Peak } from './types.ts';

/** Raised whenever a field of an exported record changes its meaning or goes. */
const kSchema = 1;

/** The browser's family and major version, "Firefox 128"; the rest of the user agent is nobody's business. */
export function browserName(userAgent: string): string {
  // In this order: every one but Firefox also names those after it.
  const families: [string, RegExp][] = [
    ['Edge', /\bEdgA?\/(\d+)/],
    ['Opera', /\bOPR\/(\d+)/],
    ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
    ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
    ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
    ['Safari', /\bVersion\/(\d+).*\bSafari\//],
  ];
  for (const [family, pattern] of families) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${family} ${version}`;
  }
  return 'unknown';
}

export interface RaceContext {
  recorded: Date;
  page: string;
  userAgent: string;
  engine: EngineInfo | undefined;
  peaks: readonly Peak[];
}

/** A race as it is exported: with what is needed to repeat and to judge it. */
export function raceRecord(report: RaceReport, context: RaceContext) {
  const { recorded, page, userAgent, engine, peaks } = context;
  return {
    kind: 'gemm-race',
    schema: kSchema,
    recorded: recorded.toISOString(),
    browser: browserName(userAgent),
    page,
    engine,
    peaks,
    ...report,
  };
}
