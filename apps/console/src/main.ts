import "./common/theme.css";
import "./common/base.css";
import { createApp } from "vue";
import App from "./App.vue";
import { loadAhead, router } from "./router.ts";
import { keeper } from "./common/session-api.ts";
import { applyLanguage, i18n } from "./common/language.ts";
import { watchForMissingParts } from "./common/missing-part.ts";
import { pinia } from "./common/signed-in.ts";
import { applyTheme } from "./common/theme.ts";

applyTheme();
watchForMissingParts();
applyLanguage();

// A reload has lost what calls carry; the cookie brings the session back before the first page decides.
if (keeper.hasStored()) {
  void loadAhead(location.pathname);
  await keeper.renew().catch(async (error: unknown) => {
    const { showTrouble } = await import("./common/show-trouble.ts");
    showTrouble(error);
  });
}

createApp(App).use(pinia).use(i18n).use(router).mount("#app");
