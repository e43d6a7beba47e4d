import { chatgpt } from "./chatgpt";
import { claude } from "./claude";
import { gemini } from "./gemini";
import type { Site } from "./site";

export const SITES: readonly Site[] = [chatgpt, claude, gemini];

/** The site that is served under `hostname`, at whatever port. */
export function siteAt(hostname: string): Site | undefined {
  return SITES.find((site) => site.hostname === hostname);
}
