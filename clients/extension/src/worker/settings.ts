import type { FailMode } from "../judgement";

export interface Settings {
  /** Origin of the Vigil server, without a slash at its end; empty until it is set. */
  readonly address: string;
  readonly key: string;
  readonly failMode: FailMode;
}

const DEFAULTS: Settings = { address: "", key: "", failMode: "closed" };

/** Content scripts run beside the pages' own: none of them shall read the key. */
export function closeStorage(): Promise<void> {
  return chrome.storage.local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });
}

export async function loadSettings(): Promise<Settings> {
  return chrome.storage.local.get<Settings>({ ...DEFAULTS });
}

export function saveSettings(settings: Settings): Promise<void> {
  return chrome.storage.local.set(settings);
}

/** The origin in what somebody typed as an address, or null. */
export function originOf(typed: string): string | null {
  try {
    const url = new URL(typed.includes("://") ? typed : `https://${typed}`);
    const plain = url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
    return plain && /^https?:$/.test(url.protocol) ? url.origin : null;
  } catch {
    return null;
  }
}

/** Whether what is sent to `origin` can be read on the way. */
export function isExposed(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "http:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** What Chrome calls the right to reach `origin`: a pattern without the port. */
export function permissionFor(origin: string): chrome.permissions.Permissions {
  const { protocol, hostname } = new URL(origin);
  return { origins: [`${protocol}//${hostname}/*`] };
}
