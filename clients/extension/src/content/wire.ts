import { askForJudgement } from "../messages";
import { type Sent, type Site, Unreadable } from "../sites/site";
import { type Answer, offerPort, type Outgoing } from "../wire";
import type { Composer } from "./composer";
import type { Guard } from "./guard";

/** The last line: nothing that carries a prompt leaves the page before every text in it was judged. */
export function listenToPage(site: Site, guard: Guard, composer: Composer): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = async ({ data }: MessageEvent<Outgoing>) => {
    const body = await cleared(site, guard, composer, data).catch(() => null);
    port1.postMessage({ id: data.id, body } satisfies Answer);
  };
  offerPort(port2);
}

/** The body that may be sent; null: none. */
async function cleared(site: Site, guard: Guard, composer: Composer, outgoing: Outgoing): Promise<string | null> {
  const { body, carries } = outgoing;
  let sent: Sent;
  try {
    sent = site.read(body);
  } catch (error) {
    if (!(error instanceof Unreadable) || carries === "draft") return null;
    const judgement = await askForJudgement({ kind: "fail", failure: "unreadable", detail: error.message });
    return (await guard.settle("", judgement)).send ? body : null;
  }
  const texts: string[] = [];
  for (const text of sent.texts) {
    // A draft is not judged: the page sends one every few letters.
    const ruling = carries === "draft" ? { send: true as const, text: guard.known(text) ?? "" } : await guard.rule(text);
    if (!ruling.send) {
      await composer.giveBack(ruling.edit ?? text);
      return null;
    }
    texts.push(ruling.text);
  }
  return texts.every((text, index) => text === sent.texts[index]) ? body : sent.rewrite(texts);
}
