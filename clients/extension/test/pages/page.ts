// What the three pages have in common. They stand in for the real ones in tests/e2e/test_extension.py: the editor is the
// one that the real page uses, and so are the selectors, the events that send, and the requests.

/** Show what was sent, as the real pages do before the answer comes. */
export function show(text: string): void {
  const said = document.createElement("p");
  said.textContent = text;
  document.querySelector("#transcript")?.append(said);
}

/** A message that was sent before, in a plain field with a button of its own: no part of the composer. */
export function editable(send: (text: string) => void): void {
  const field = document.querySelector<HTMLTextAreaElement>("#earlier");
  document.querySelector("#resend")?.addEventListener("click", () => field && send(field.value));
}

export function post(path: string, body: unknown): Promise<void> {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then(
    () => undefined,
    (error: Error) => note(error.name),
  );
}

/** What the page was told about its request. */
export function note(error: string): void {
  document.body.dataset.error = error;
}
