import { baseKeymap } from "prosemirror-commands";
import { keymap } from "prosemirror-keymap";
import { Schema } from "prosemirror-model";
import { schema as basic } from "prosemirror-schema-basic";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

const schema = new Schema({ nodes: basic.spec.nodes, marks: basic.spec.marks });

export interface Editor {
  readonly view: EditorView;
  text(): string;
  clear(): void;
}

/** The editor of ChatGPT and Claude: Enter sends, Shift+Enter is a new line. */
export function editor(
  place: Element,
  attributes: Record<string, string>,
  send: () => void,
  props: { changed?: () => void; pasted?: (text: string) => boolean } = {},
): Editor {
  const plugins = [
    keymap({ Enter: () => (send(), true), "Shift-Enter": baseKeymap.Enter! }),
    keymap(baseKeymap),
  ];
  const view = new EditorView(place, {
    state: EditorState.create({ schema, plugins }),
    attributes: { class: "ProseMirror", role: "textbox", "aria-label": "Message", ...attributes },
    handlePaste: (_, event) => props.pasted?.(event.clipboardData?.getData("text/plain") ?? "") ?? false,
    dispatchTransaction(transaction) {
      view.updateState(view.state.apply(transaction));
      if (transaction.docChanged) props.changed?.();
    },
  });
  const text = (): string => view.state.doc.textBetween(0, view.state.doc.content.size, "\n", "\n");
  const clear = (): void => view.dispatch(view.state.tr.delete(0, view.state.doc.content.size));
  return { view, text, clear };
}
