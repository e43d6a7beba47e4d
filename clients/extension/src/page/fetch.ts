import type { Site } from "../sites/site";
import type { Clear } from "./page";

type Fetch = typeof window.fetch;

/** From now on `fetch` sends a prompt only once it was judged. */
export function guardFetch(site: Site, clear: Clear): void {
  // A proxy, not a function: to a page that looks, it is as native as before.
  window.fetch = new Proxy(window.fetch, {
    apply(fetch: Fetch, self: unknown, args: Parameters<Fetch>) {
      const [input, init] = args;
      const method = init?.method ?? (input instanceof Request ? input.method : "GET");
      const url = URL.parse(input instanceof Request ? input.url : String(input), document.baseURI);
      const carries = url && site.carries(method.toUpperCase(), url.pathname);
      if (!carries) return Reflect.apply(fetch, self, args);
      return send(fetch, args, (body) => clear(carries, body));
    },
  });
}

async function send(
  fetch: Fetch,
  [input, init]: Parameters<Fetch>,
  clear: (body: string) => Promise<string | null>,
): Promise<Response> {
  // A body can be read once: a copy is read, and what is sent is whole.
  const request = new Request(input instanceof Request ? input.clone() : input, init);
  const body = await request.clone().text();
  const cleared = await clear(body);
  if (cleared === null) throw new DOMException("Vigil stopped this request.", "AbortError");
  return fetch(cleared === body ? request : new Request(request, { body: cleared }));
}
