import Quill from "quill";

import { editable, note, show } from "./page";

const PATH = "/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate?bl=boq&hl=en&_reqid=1&rt=c";
const composer = new Quill("#place", {
  modules: { keyboard: { bindings: { send: { key: "Enter", shiftKey: false, handler: () => (send(), false) } } } },
});
composer.root.setAttribute("role", "textbox");
composer.root.setAttribute("aria-label", "Message");

function send(text = composer.getText().trimEnd()): void {
  if (!text.trim()) return;
  composer.setText("");
  show(text);
  const request = new XMLHttpRequest();
  request.open("POST", PATH);
  request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8");
  request.onreadystatechange = () => {
    if (request.readyState === XMLHttpRequest.DONE && request.status === 0) note("error");
  };
  request.send(new URLSearchParams({ "f.req": JSON.stringify([null, JSON.stringify([[text, 0], ["en"]])]), at: "token" }).toString());
}

document.querySelector("button.send-button")!.addEventListener("click", () => send());
editable(send);
