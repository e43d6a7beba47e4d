import { type Failure, type FailMode, isForWriter, type Judgement } from "../judgement";
import type { Request } from "../messages";
import { siteAt } from "../sites";
import { closeStorage, loadSettings } from "./settings";
import { judge } from "./vigil";

// The only part that talks to Vigil. Chrome stops it when it is idle: everything that it needs is in the storage.

void closeStorage();

chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === chrome.runtime.OnInstalledReason.INSTALL) void chrome.runtime.openOptionsPage();
});

chrome.action.onClicked.addListener(() => void chrome.runtime.openOptionsPage());

chrome.runtime.onMessage.addListener((request: Request, sender, answer) => {
  if (sender.id !== chrome.runtime.id || !sender.url || !siteAt(new URL(sender.url).hostname)) return false;
  void handle(request).then(answer);
  return true;
});

async function handle(request: Request): Promise<Judgement | null> {
  switch (request.kind) {
    case "judge": {
      const { address, key, failMode } = await loadSettings();
      const outcome = await judge(address, key, request.text);
      return "verdict" in outcome ? outcome : failed(outcome, failMode);
    }
    case "fail":
      return failed(request, (await loadSettings()).failMode);
    case "open-settings":
      await chrome.runtime.openOptionsPage();
      return null;
  }
}

function failed({ failure, detail }: { failure: Failure; detail: string }, failMode: FailMode): Judgement {
  return { failure, detail, failMode: isForWriter(failure) ? "closed" : failMode };
}
