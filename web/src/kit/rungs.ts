import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { rungColor } from '#lab/format.ts';
import { kGuestRung } from '#lab/guest.ts';
import type { Guest, Guests } from '#lab/plug.ts';
import type { VariantInfo } from '#lab/types.ts';
import { session } from './context.ts';

/** Which rungs of a ladder an experiment runs: a checkbox for each. A kernel of the reader's that has just passed joins them. */
export class RungChoice implements ReactiveController {
  #chosen = new Set<string>();
  /** The guest as it was at the last drawing. */
  #offered: Guest | undefined;
  readonly #variants: () => readonly VariantInfo[];
  readonly #offers: (rung: VariantInfo) => boolean;

  /** `variants`: the whole ladder, by which rungs are coloured; `offers`: which of it can be chosen. */
  constructor(
    host: ReactiveControllerHost,
    variants: () => readonly VariantInfo[],
    offers: (rung: VariantInfo) => boolean,
  ) {
    this.#variants = variants;
    this.#offers = offers;
    host.addController(this);
  }

  get ladder(): VariantInfo[] {
    return this.#variants().filter(this.#offers);
  }

  hostUpdate(): void {
    const guest = session.guests.get('matmul');
    if (guest !== undefined && guest !== this.#offered) this.#chosen.add(kGuestRung);
    this.#offered = guest;
  }

  /** Chooses those of `wanted` that there are, else all of `others`. */
  choose(wanted: readonly string[], others: readonly string[]): void {
    const known = this.ladder.map(({ name }) => name).filter((name) => wanted.includes(name));
    this.#chosen = new Set(known.length > 0 ? known : others);
  }

  toggle(name: string, on: boolean): void {
    if (on) this.#chosen.add(name);
    else this.#chosen.delete(name);
  }

  /** In the ladder's order. */
  get chosen(): VariantInfo[] {
    return this.ladder.filter(({ name }) => this.#chosen.has(name));
  }
  get names(): string[] {
    return this.chosen.map(({ name }) => name);
  }

  /** The guest, if it runs. */
  get guests(): Guests | undefined {
    return this.names.includes(kGuestRung) ? session.guestsFor(['matmul']) : undefined;
  }

  color(name: string): string {
    return rungColor(this.#variants(), name);
  }

  /** `title` of a rung is shown to a pointer over it. */
  render(
    disabled: boolean,
    changed: (name: string, on: boolean) => void,
    title?: (rung: VariantInfo) => string,
  ): TemplateResult {
    return html`<fieldset ?disabled=${disabled}>
      <legend>Rungs</legend>
      <div class="chips">
        ${this.ladder.map(
          (rung) =>
            html`<label class="chip" title=${title?.(rung) ?? nothing}>
              <input
                type="checkbox"
                .checked=${this.#chosen.has(rung.name)}
                @change=${(event: Event) => changed(rung.name, (event.target as HTMLInputElement).checked)}
              />
              <span class="dot" style="background:${this.color(rung.name)}" aria-hidden="true"></span>${rung.name}
            </label>`,
        )}
      </div>
    </fieldset>`;
  }
}
