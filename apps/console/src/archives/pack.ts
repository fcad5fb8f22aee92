import { businessDay, defaultZone } from "@zhanggui/kit/contract/business-day";
import { mostFiles } from "@zhanggui/server/foundation/archives/archives.contract";
import type { Router } from "vue-router";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import { showDone } from "../common/show-done.ts";
import { signedIn } from "../common/signed-in.ts";
import type { JoinedAction } from "../list/joined.ts";

const words = {
  label: { zh: "打包下载", en: "Pack as a zip" },
  begun: { zh: "正在打包，完成后会通知您", en: "Being packed. You will be told when it is ready" },
  zips: { zh: "压缩包", en: "Zips" },
};

/** Packs what was chosen of a list: files themselves, or exports. */
export function packs(router: Router, of: "fileIds" | "exportIds", name: { zh: string; en: string }): JoinedAction {
  return {
    label: words.label,
    most: mostFiles,
    run: async (ids) => {
      const day = businessDay(new Date(), signedIn.me?.tenant.zone ?? defaultZone);
      await api.archives.create({ name: `${inLanguage(name)} ${day}`, [of]: [...ids] });
      showDone(inLanguage(words.begun), {
        label: inLanguage(words.zips),
        run: () => void router.push({ name: "archives" }),
      });
    },
  };
}
