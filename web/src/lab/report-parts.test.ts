import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grown, ReportReceiver, ReportSender, wholeReport } from './report-parts.ts';

describe('a report in parts', () => {
  /** What a page has after each of the reports, and how many elements travelled with each. */
  function travel<R extends object>(reports: readonly R[]): { seen: R[]; parts: R[] } {
    const [sender, receiver] = [new ReportSender(), new ReportReceiver()];
    const parts = reports.map((report) => structuredClone(sender.pack(report)));
    return { parts, seen: parts.map((part) => structuredClone(receiver.unpack(structuredClone(part)))) };
  }

  it('carries of lists, texts and floats what is new, and is put together again', () => {
    const states = [
      { ids: [] as number[], text: '', losses: [] as number[] },
      { ids: [1, 2], text: 'Call', losses: [0.5] },
      { ids: [1, 2], text: 'Call', losses: [0.5] },
      { ids: [1, 2, 3], text: 'Call me', losses: [0.5, 0.25, 0.125] },
    ];
    const reportOf = ({ ids, text, losses }: (typeof states)[number]) => ({
      lanes: [{ name: 'a', ids: grown(ids), text: grown(text) }],
      losses: grown(Float32Array.from(losses)),
    });
    const { seen, parts } = travel(states.map(reportOf));
    assert.deepEqual(
      seen,
      states.map(({ ids, text, losses }) => ({
        lanes: [{ name: 'a', ids, text }],
        losses: Float32Array.from(losses),
      })),
    );
    assert.deepEqual(parts[3]!.lanes[0]!.ids, { $from: 2, $dropped: 0, $value: [3] });
    assert.deepEqual(parts[3]!.lanes[0]!.text, { $from: 4, $dropped: 0, $value: ' me' });
  });

  it('loses at its front what its task has dropped', () => {
    const windows: [number, number][] = [
      [0, 3],
      [2, 5],
      [9, 12],
      [9, 12],
    ]; // the third has nothing of the second
    const list = ([from, to]: [number, number]) => Array.from({ length: to - from }, (_, i) => from + i);
    const { seen } = travel(
      windows.map((window) => ({ ids: grown(list(window), window[0]), text: grown(list(window).join(''), window[0]) })),
    );
    assert.deepEqual(
      seen.map(({ ids }) => ids),
      windows.map(list),
    );
  });

  it('is whole at the end, without marks and without what its task still changes', () => {
    const lane = { ids: [1], seconds: [0.5] };
    const whole = wholeReport({ lanes: [{ ids: grown(lane.ids), seconds: lane.seconds }], bytes: Uint8Array.of(1) });
    lane.seconds.push(1);
    assert.deepEqual(whole, { lanes: [{ ids: [1], seconds: [0.5] }], bytes: Uint8Array.of(1) });
  });
});
