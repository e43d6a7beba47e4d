import { type Phrase, say } from "../say";
import { isExposed, loadSettings, originOf, permissionFor, saveSettings, type Settings } from "../worker/settings";
import { judge } from "../worker/vigil";

const form = find("form", HTMLFormElement);
const address = find("#address", HTMLInputElement);
const key = find("#key", HTMLInputElement);
const status = find("#status", HTMLElement);

/** Something that was entered cannot be used; the message says what to do. */
class Unusable extends Error {}

for (const node of document.querySelectorAll<HTMLElement>("[data-say]")) node.textContent = say(node.dataset.say as Phrase);
document.documentElement.lang = say("language");
document.title = say("settings_title");

let stored = await loadSettings();
address.value = stored.address;
find(`#${stored.failMode}`, HTMLInputElement).checked = true;
showKey();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    const settings = await entered();
    await saveSettings(settings);
    stored = settings;
    address.value = settings.address;
    showKey();
    report(isExposed(settings.address) ? "warning" : "good", `${say("settings_saved")} ${warning(settings)}`);
  });
});

find("#test", HTMLButtonElement).addEventListener("click", () => {
  void attempt(async () => {
    const settings = await entered();
    report("", say("settings_testing"));
    const started = performance.now();
    const outcome = await judge(settings.address, settings.key, "What is the capital of France?");
    const ms = Math.round(performance.now() - started);
    if ("failure" in outcome) report("bad", say(`failure_${outcome.failure}`, { detail: outcome.detail }));
    else report(isExposed(settings.address) ? "warning" : "good", `${say("settings_works", { ms })} ${warning(settings)}`);
  });
});

/** What stands in the form. Asks the user for the right to reach the address; throws Unusable. */
async function entered(): Promise<Settings> {
  const origin = originOf(address.value.trim());
  if (!origin) throw new Unusable(say("settings_bad_address"));
  const failMode = new FormData(form).get("fail-mode") === "open" ? "open" : "closed";
  // A stored key goes to no other address than the one that it was entered for.
  const kept = origin === stored.address ? stored.key : "";
  const settings: Settings = { address: origin, key: key.value.trim() || kept, failMode };
  if (!settings.key) throw new Unusable(say("settings_no_key"));
  if (!(await chrome.permissions.request(permissionFor(origin)))) {
    throw new Unusable(say("settings_no_permission", { address: origin }));
  }
  return settings;
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    report("bad", error instanceof Error ? error.message : String(error));
  }
}

/** The stored key is never put into the page: the field is for another one. */
function showKey(): void {
  key.value = "";
  key.placeholder = stored.key ? "••••••••" : "";
  find("#key-hint", HTMLElement).textContent = say(stored.key ? "settings_key_kept" : "settings_key_hint");
}

function warning(settings: Settings): string {
  return isExposed(settings.address) ? say("settings_exposed") : "";
}

function report(kind: "" | "good" | "warning" | "bad", text: string): void {
  status.className = kind;
  status.textContent = text.trim();
}

function find<E extends HTMLElement>(selector: string, type: new () => E): E {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`no ${selector} in the page`);
  return found;
}
