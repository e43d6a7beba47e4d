/** What the script in the page's world and the content script tell each other, over a port that the page cannot get. */

/** The page is about to send this. */
export interface Outgoing {
  readonly id: number;
  readonly carries: "prompt" | "draft";
  readonly body: string;
}

/** What is to be sent; null: nothing. */
export interface Answer {
  readonly id: number;
  readonly body: string | null;
}

// Both scripts run before any of the page's. The second of them to run finds the first.
const PORT = "vigil:port";
const READY = "vigil:ready";

/** Of the content script: hand one end of a channel to the page's world. */
export function offerPort(port: MessagePort): void {
  const offer = (): boolean => !window.dispatchEvent(new MessageEvent(PORT, { ports: [port], cancelable: true }));
  if (!offer()) window.addEventListener(READY, offer, { once: true });
}

/** Of the script in the page's world: take it. */
export function takePort(take: (port: MessagePort) => void): void {
  const onOffer = (event: Event): void => {
    const [port] = (event as MessageEvent).ports;
    if (!port) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.removeEventListener(PORT, onOffer);
    take(port);
  };
  window.addEventListener(PORT, onOffer);
  window.dispatchEvent(new Event(READY));
}
