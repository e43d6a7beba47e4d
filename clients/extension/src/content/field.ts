/** Reading and writing the field in which a prompt is written: a rich editor, or a plain one. */

/** The text as the user sees it, one line for each paragraph of a rich editor. */
export function readField(field: HTMLElement): string {
  if (isPlain(field)) return field.value;
  const blocks = [...field.children] as HTMLElement[];
  if (blocks.length === 0 || !blocks.every((block) => /^(P|DIV|PRE|UL|OL|H[1-6]|BLOCKQUOTE)$/.test(block.tagName))) {
    return field.innerText;
  }
  return blocks.map((block) => block.innerText.replace(/\n$/, "")).join("\n");
}

/** Replace all of the text, in a way that the editor takes for typing. It learns of it within `EDITOR_MS`. */
export async function writeField(field: HTMLElement, text: string): Promise<void> {
  field.focus();
  if (isPlain(field)) {
    field.select();
  } else {
    getSelection()?.selectAllChildren(field);
    await wait(EDITOR_MS);
  }
  if (text.includes("\n") || !document.execCommand("insertText", false, text)) paste(field, text);
}

/** Editors follow events and mutations that come a little later. Frames are none to wait for: a hidden tab has none. */
export const EDITOR_MS = 30;

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Editors make paragraphs of the lines of what is pasted; of what is typed, each in its own way. */
function paste(field: HTMLElement, text: string): void {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const pasted = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true });
  if (field.dispatchEvent(pasted)) document.execCommand("insertText", false, text);
}

function isPlain(field: HTMLElement): field is HTMLTextAreaElement | HTMLInputElement {
  return field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement;
}
