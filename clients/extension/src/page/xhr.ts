import type { Site } from "../sites/site";
import type { Clear } from "./page";

type Open = [method: string, url: string | URL, async?: boolean, username?: string | null, password?: string | null];

/** From now on XMLHttpRequest sends a prompt only once it was judged. */
export function guardXhr(site: Site, clear: Clear): void {
  const { prototype } = XMLHttpRequest;
  /** The opened requests that carry a prompt; each `open` makes a new entry. */
  const opened = new WeakMap<XMLHttpRequest, { readonly carries: "prompt" | "draft"; readonly async: boolean }>();
  const { open, send, abort } = prototype;

  prototype.open = new Proxy(open, {
    apply(open, self: XMLHttpRequest, args: Open) {
      const [method, address, async = true] = args;
      const url = URL.parse(String(address), document.baseURI);
      const carries = url && site.carries(String(method).toUpperCase(), url.pathname);
      if (carries) opened.set(self, { carries, async });
      else opened.delete(self);
      return Reflect.apply(open, self, args);
    },
  });

  prototype.send = new Proxy(send, {
    apply(send, self: XMLHttpRequest, args: [body?: Document | XMLHttpRequestBodyInit | null]) {
      const entry = opened.get(self);
      if (!entry) return Reflect.apply(send, self, args);
      // Nobody can be asked while the page stands still.
      if (!entry.async) throw new DOMException("Vigil stopped this request.", "NetworkError");
      void textOf(args[0])
        .then(async (body) => {
          const cleared = await clear(entry.carries, body);
          if (opened.get(self) !== entry) return; // Aborted or opened anew meanwhile.
          opened.delete(self);
          if (cleared === null) fail(self);
          else Reflect.apply(send, self, cleared === body ? args : [cleared]);
        })
        .catch(() => fail(self)); // A body that cannot be read.
      return undefined;
    },
  });

  prototype.abort = new Proxy(abort, {
    apply(abort, self: XMLHttpRequest, args: []) {
      opened.delete(self);
      return Reflect.apply(abort, self, args);
    },
  });

  /** The page learns of it as of a broken connection: an address that is no more is asked for, which needs no network. */
  function fail(xhr: XMLHttpRequest): void {
    const nowhere = URL.createObjectURL(new Blob());
    URL.revokeObjectURL(nowhere);
    Reflect.apply(open, xhr, ["GET", nowhere, true]);
    Reflect.apply(send, xhr, []);
  }
}

function textOf(body: Document | XMLHttpRequestBodyInit | null | undefined): Promise<string> {
  if (body instanceof Document) return Promise.resolve(new XMLSerializer().serializeToString(body));
  return new Response(body ?? null).text();
}
