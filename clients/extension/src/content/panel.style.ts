/** The look of the panel. `all: initial` keeps the page's styles out. Colours have a contrast of 4.5 or more. */
export const STYLE = `
:host {
  all: initial;
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #1c1f26);
  --ink: light-dark(#1b1f24, #eceff4);
  --soft: light-dark(#57606a, #a9b2bf);
  --line: light-dark(#d0d7de, #3b424e);
  --green: light-dark(#116329, #6fdd8b);
  --amber: light-dark(#7a4b00, #f2c14e);
  --red: light-dark(#a40e26, #ff9a94);
  --blue: light-dark(#0a58ca, #8ab4ff);
}
* { box-sizing: border-box; font: 15px/1.5 system-ui, sans-serif; letter-spacing: normal; }
[hidden] { display: none; }
.notice {
  position: fixed; z-index: 2147483647; right: 16px; bottom: 16px; max-width: min(420px, calc(100vw - 32px)); margin: 0;
  padding: 10px 14px; border: 1px solid var(--line); border-left: 5px solid var(--accent); border-radius: 8px;
  background: var(--paper); color: var(--ink); box-shadow: 0 4px 16px #0003; overflow-wrap: anywhere;
}
.checking { --accent: var(--blue); }
.allowed { --accent: var(--green); }
.sanitized, .warning, .failed { --accent: var(--amber); }
.blocked { --accent: var(--red); }
dialog {
  width: min(560px, calc(100vw - 32px)); max-height: calc(100vh - 64px); padding: 0; flex-direction: column;
  border: 1px solid var(--line); border-top: 6px solid var(--accent); border-radius: 12px;
  background: var(--paper); color: var(--ink); box-shadow: 0 12px 48px #0006;
}
dialog[open] { display: flex; }
dialog::backdrop { background: #0008; }
.top { padding: 18px 24px 0; }
.brand { color: var(--soft); font-size: 13px; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; }
h2 { margin: 2px 0 0; color: var(--accent); font-size: 20px; font-weight: 650; outline: none; }
h3 { margin: 16px 0 4px; font-size: 13px; font-weight: 650; color: var(--soft); }
.body { padding: 8px 24px 16px; overflow: auto; }
.body p { margin: 8px 0; }
ul { margin: 0; padding-left: 20px; }
li { margin: 2px 0; }
q { font-style: italic; overflow-wrap: anywhere; }
.diff {
  max-height: 30vh; padding: 12px; overflow: auto; border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 14px;
}
.diff * { font: inherit; }
del { background: light-dark(#ffd7d5, #5c1a1f); color: light-dark(#82071e, #ffd7d5); }
ins { background: light-dark(#ccffd8, #123d22); color: light-dark(#0f5323, #b6f2c6); text-decoration: none; font-weight: 600; }
.body .score { margin-top: 16px; font-weight: 600; }
.body .request { color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; padding: 14px 24px; border-top: 1px solid var(--line); }
button {
  padding: 7px 16px; border: 1px solid var(--line); border-radius: 8px; background: transparent; color: var(--ink);
  font-weight: 600; cursor: pointer;
}
button.first { background: var(--ink); border-color: var(--ink); color: var(--paper); }
button:focus-visible, .diff:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
@media (forced-colors: active) { button, dialog, .notice { border: 1px solid; } }
`;
