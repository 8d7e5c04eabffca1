import {
  defaultKeymap,
  history,
  historyField,
  historyKeymap,
  indentWithTab,
  redo,
  redoDepth,
  undo,
  undoDepth,
} from '@codemirror/commands';
import { cpp } from '@codemirror/lang-cpp';
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language';
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Prec, type Extension, type TransactionSpec } from '@codemirror/state';
import { EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import type { Marker } from '#lab/compiler/markers.ts';
import { codeTheme, schemeOf } from './theme.ts';

/** How long Tab leaves the editor after Escape, unless another key is pressed. */
const kEscapeMs = 30_000;

export interface EditorHooks {
  run(): void;
  changed(before: EditorState, after: EditorState): void;
}

/** What may change while an editor lives. */
export class EditorSettings {
  readonly #scheme = new Compartment();
  readonly #label = new Compartment();
  readonly #readonly = new Compartment();
  label = 'Code';
  readonly = false;

  extension(): Extension {
    return [this.#scheme.of(schemeOf()), this.#label.of(this.#labels()), this.#readonly.of(this.#access())];
  }

  /** Brings an editor up to date. */
  effects(): TransactionSpec {
    return {
      effects: [
        this.#scheme.reconfigure(schemeOf()),
        this.#label.reconfigure(this.#labels()),
        this.#readonly.reconfigure(this.#access()),
      ],
    };
  }

  #labels(): Extension {
    return EditorView.contentAttributes.of({ 'aria-label': this.label, 'aria-describedby': 'keys', tabindex: '0' });
  }
  #access(): Extension {
    return EditorState.readOnly.of(this.readonly);
  }
}

export function editorExtensions(settings: EditorSettings, hooks: EditorHooks): Extension {
  const run = () => {
    hooks.run();
    return true;
  };
  return [
    Prec.highest(
      keymap.of([
        { key: 'Mod-Enter', run },
        { key: 'Ctrl-Enter', run },
      ]),
    ),
    settings.extension(),
    lintGutter(),
    lineNumbers(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    cpp(),
    indentUnit.of('  '),
    EditorState.tabSize.of(2),
    indentOnInput(),
    bracketMatching(),
    highlightSelectionMatches(),
    search({ top: true }),
    keymap.of([
      indentWithTab,
      ...defaultKeymap,
      ...historyKeymap,
      ...searchKeymap,
      { key: 'F8', run: nextDiagnostic, shift: previousDiagnostic },
    ]),
    // CodeMirror's own two seconds after Escape are too short for some.
    EditorView.domEventObservers({
      keyup: (event, view) => {
        if (event.key === 'Escape') view.setTabFocusMode(kEscapeMs);
      },
    }),
    codeTheme,
    EditorView.updateListener.of((update) => {
      if (update.docChanged) hooks.changed(update.startState, update.state);
    }),
  ];
}

const kSeverities = { error: 'error', warning: 'warning', note: 'info', remark: 'hint' } as const;

/** Underlines, gutter and tooltips for those markers that have a place. */
export function showMarkers(state: EditorState, markers: readonly Marker[]): TransactionSpec {
  const length = state.doc.length;
  const shown = markers.flatMap(({ diagnostic: { severity, message }, range }) =>
    range === null || range.to > length ? [] : [{ ...range, severity: kSeverities[severity], message }],
  );
  return setDiagnostics(
    state,
    shown.sort((a, b) => a.from - b.from),
  );
}

/** "error" and "warning" for the list of messages. */
export function severityLabel({ severity }: Diagnostic): string {
  return severity[0]!.toUpperCase() + severity.slice(1);
}

interface SavedHistory {
  /** The digest of the text that the history leads to. */
  text: string;
  history: unknown;
}

/** The undo history as plain data, for JSON or IndexedDB. */
export function saveHistory(state: EditorState): SavedHistory {
  return {
    text: digest(state.doc.toString()),
    history: (state.toJSON({ history: historyField }) as Record<string, unknown>)['history'],
  };
}

/** A state with this text and what was saved with it; null if that is of another text or no history at all. */
export function withHistory(text: string, saved: unknown, extensions: Extension): EditorState | null {
  if (typeof saved !== 'object' || saved === null || (saved as SavedHistory).text !== digest(text)) return null;
  const json = {
    doc: text,
    selection: { ranges: [{ anchor: 0, head: 0 }], main: 0 },
    history: (saved as SavedHistory).history,
  };
  const restore = (extension: Extension) =>
    EditorState.fromJSON(json, { extensions: extension }, { history: historyField });
  try {
    // Tried apart from the editor's own extensions: in a read-only one nothing could be undone.
    return leadsBack(restore(history()), text) ? restore(extensions) : null;
  } catch {
    return null; // not what saveHistory wrote
  }
}

/** Changes that don't fit the text would throw on a student's Ctrl-Z: all are tried here. */
function leadsBack(state: EditorState, text: string): boolean {
  let now = state;
  const target = () => ({
    state: now,
    dispatch: (transaction: { state: EditorState }) => void (now = transaction.state),
  });
  const redos = redoDepth(state);
  while (redoDepth(now) > 0) if (!redo(target())) return false;
  while (undoDepth(now) > 0) if (!undo(target())) return false;
  while (redoDepth(now) > redos) if (!redo(target())) return false;
  return now.doc.toString() === text;
}

/** FNV-1a over UTF-16 units, and the length: tells texts apart, keeps no secret. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length}:${(hash >>> 0).toString(16)}`;
}
