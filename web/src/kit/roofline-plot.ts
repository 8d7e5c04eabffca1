import { nothing, svg, type SVGTemplateResult } from 'lit';
import { isaName } from '#lab/format.ts';
import { axesFor, drawnPeaks, logPosition, type Dot } from '#lab/roofline.ts';
import type { Peak } from '#lab/types.ts';
import { byteSize, threeDigits } from '#lab/text.ts';
import { binaryTicks, decadeTicks, type Axis } from '#lab/ticks.ts';

/** The drawing that all rooflines of a page share: axes, and the device's limits as lines. Dots are their owner's. */

/** Below this width labels are short and the lines of memory have none: the table has them. */
export const kNarrow = 560;
export const kLabelGap = 14;

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: Axis;
  y: Axis;
}

/** For a drawing of this width. */
export function frameFor(available: number, peaks: readonly Peak[], dots: readonly Dot[]): Frame {
  const width = Math.max(280, available);
  const height = Math.round(Math.min(440, Math.max(300, width * 0.6)));
  const margin = width < kNarrow ? 66 : 190;
  return {
    width,
    height,
    left: 44,
    right: width - margin,
    top: 12,
    bottom: height - 40,
    ...axesFor(peaks, dots),
  };
}

export const px = (frame: Frame, value: number) =>
  frame.left + (frame.right - frame.left) * logPosition(frame.x, value);
export const py = (frame: Frame, value: number) =>
  frame.bottom - (frame.bottom - frame.top) * logPosition(frame.y, value);

/** Axes and limits; solid lines stand for `most` threads, dashed ones for one. */
export function renderLimits(peaks: readonly Peak[], frame: Frame, most: number): SVGTemplateResult {
  return svg`${renderGrid(frame)} ${drawnPeaks(peaks).map((peak) => renderRoof(peak, peaks, frame, most))}
    ${placeLimits(peaks, frame).map(
      ({ peak, y }) =>
        svg`<text class="label" x=${frame.right + 6} y=${y + 4}>${limitLabel(peak, frame.width < kNarrow)}</text>`,
    )}`;
}

function renderRoof(peak: Peak, peaks: readonly Peak[], frame: Frame, most: number) {
  const style = peak.threads === 1 && most > 1 ? 'roof one' : 'roof all';
  const same = peaks.filter((other) => other.threads === peak.threads);
  const bandwidth = Math.max(...same.filter((other) => other.kind === 'memory').map((other) => other.value));
  const compute = Math.max(...same.filter((other) => other.kind === 'compute').map((other) => other.value));
  if (peak.kind === 'compute') {
    const ridge = Number.isFinite(bandwidth) ? Math.max(frame.x.min, peak.value / bandwidth) : frame.x.min;
    const y = py(frame, peak.value);
    return svg`<line class=${style} x1=${px(frame, ridge)} x2=${frame.right} y1=${y} y2=${y} />`;
  }
  const from = Math.max(frame.x.min, frame.y.min / peak.value);
  const to = Math.min(frame.x.max, (Number.isFinite(compute) ? compute : frame.y.max) / peak.value);
  if (to <= from) return nothing;
  const [x1, y1, x2, y2] = [px(frame, from), py(frame, from * peak.value), px(frame, to), py(frame, to * peak.value)];
  const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  const line = svg`<line class=${style} x1=${x1} y1=${y1} x2=${x2} y2=${y2} />`;
  if (frame.width < kNarrow) return line;
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  // Two lines of one size lie close together: their labels go to the outer sides.
  const isLower =
    same.length < peaks.length && peaks.some((other) => other.bytes === peak.bytes && isAbove(other, peak));
  const offset = isLower ? 15 : -6;
  return svg`${line}
    <text class="label" text-anchor="middle" transform="translate(${cx} ${cy}) rotate(${angle}) translate(0 ${offset})">${byteSize(peak.bytes)}: ${threeDigits(peak.value / 1e9)} GB/s</text>`;
}

function renderGrid(frame: Frame) {
  const { left, right, top, bottom } = frame;
  return svg`
    ${decadeTicks(frame.y).map((tick) => {
      const y = py(frame, tick);
      return svg`<line class="grid" x1=${left} x2=${right} y1=${y} y2=${y} />
        <text class="tick" x=${left - 7} y=${y + 4} text-anchor="end">${tick / 1e9}</text>`;
    })}
    ${binaryTicks(frame.x).map((tick) => {
      const x = px(frame, tick);
      return svg`<line class="grid" x1=${x} x2=${x} y1=${top} y2=${bottom} />
        <text class="tick" x=${x} y=${bottom + 16} text-anchor="middle">${tick >= 1 ? tick : `1/${1 / tick}`}</text>`;
    })}
    <text class="title" x=${(left + right) / 2} y=${bottom + 34} text-anchor="middle">arithmetic intensity, FLOP per byte</text>
    <text class="title" transform="translate(11 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">GFLOP/s</text>`;
}

/** Whether a limit's line lies above another's; between equals the number of threads decides. */
function isAbove(other: Peak, peak: Peak): boolean {
  return other.value > peak.value || (other.value === peak.value && other.threads > peak.threads);
}

export function peakLabel(peak: Peak): string {
  const threads = peak.threads === 1 ? '1 thread' : `${peak.threads} threads`;
  const name = peak.kind === 'memory' ? `read ${byteSize(peak.bytes)}` : isaName(peak.name);
  return `${name}, ${threads}: ${threeDigits(peak.value / 1e9)}${peak.kind === 'memory' ? ' GB/s' : ''}`;
}

/** For a phone's margin: "fused ×2". */
function limitLabel(peak: Peak, short: boolean): string {
  const last = isaName(peak.name).split(' ').at(-1);
  return short ? `${last === 'add' ? 'SIMD' : last} ×${peak.threads}` : peakLabel(peak);
}

/** The labels of the compute limits, in the right margin, moved apart downwards where they would overlap. */
function placeLimits(peaks: readonly Peak[], frame: Frame): { peak: Peak; y: number }[] {
  let last = -Infinity;
  return peaks
    .filter((peak) => peak.kind === 'compute')
    .sort((a, b) => b.value - a.value)
    .map((peak) => {
      last = Math.max(py(frame, peak.value), last + kLabelGap);
      return { peak, y: last };
    });
}
