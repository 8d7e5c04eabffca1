import { html, svg, type TemplateResult } from 'lit';
import { kClasses, kSide, percent } from '#lab/fashion.ts';
import { byteSize } from '#lab/format.ts';
import type { ClassifyReport } from './task.ts';

/** Resolves when the element comes near the window: images and model are 2 MB that not every visitor of the page needs. */
export function nearView(element: Element): Promise<void> {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: '800px' },
    );
    observer.observe(element);
  });
}

export function renderScore(score: number, label: number, truth: number, best: number): TemplateResult {
  const color = label === truth ? 'var(--lab-good)' : label === best ? 'var(--lab-bad)' : 'var(--sl-color-gray-4)';
  return html`<span class=${label === best ? 'top' : ''}>${kClasses[label]}</span>
    ${svg`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect width=${Math.max(0.4, 100 * score)} y="1.5" height="7" fill=${color} /></svg>`}
    <span class="number ${label === best ? 'top' : ''}">${percent(score, 1)}</span>`;
}

export function drawImage(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(kSide, kSide);
  pixels.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  context.putImageData(image, 0, 0);
}

/** What the model takes beside its weights. */
export function memoryText({ lanes, parameters, scratchBytes }: ClassifyReport): string {
  const packed = Math.max(...lanes.map((lane) => lane.packedBytes));
  const scratch = scratchBytes === 0 ? 'none' : `${byteSize(scratchBytes)} at most`;
  return `Weights and biases: ${byteSize(4 * parameters)}. A packed copy of the weights: ${byteSize(packed)} at most. Scratch memory: ${scratch}.`;
}
