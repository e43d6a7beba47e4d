import { askForJudgement } from "../messages";
import { siteAt } from "../sites";
import { Composer } from "./composer";
import { Guard } from "./guard";
import { Panel } from "./panel";
import { listenToPage } from "./wire";

const site = siteAt(location.hostname);
if (site) {
  const guard = new Guard((text) => askForJudgement({ kind: "judge", text }), new Panel());
  listenToPage(site, guard, new Composer(site, guard));
}
