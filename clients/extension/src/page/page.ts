import { siteAt } from "../sites";
import { type Answer, type Outgoing, takePort } from "../wire";
import { guardFetch } from "./fetch";
import { guardXhr } from "./xhr";

// Runs in the page's own world, before its scripts: what the page calls `fetch` from then on is ours.

/** Has the body of a request judged. Gives the one to send, null when there is none. */
export type Clear = (carries: Outgoing["carries"], body: string) => Promise<string | null>;

const site = siteAt(location.hostname);
if (site) {
  const waiting = new Map<number, (body: string | null) => void>();
  let port: MessagePort | null = null;
  let last = 0;

  takePort((taken) => {
    port = taken;
    port.onmessage = ({ data }: MessageEvent<Answer>) => {
      waiting.get(data.id)?.(data.body);
      waiting.delete(data.id);
    };
  });

  const clear: Clear = (carries, body) =>
    new Promise((resolve) => {
      if (!port) return resolve(null);
      last += 1;
      waiting.set(last, resolve);
      port.postMessage({ id: last, carries, body } satisfies Outgoing);
    });

  guardFetch(site, clear);
  guardXhr(site, clear);
}
