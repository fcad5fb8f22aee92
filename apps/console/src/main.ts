import "./shared/zod-without-eval.ts";
import "element-plus/theme-chalk/base.css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./shared/theme.css";
import "./shared/base.css";
import { createApp } from "vue";
import App from "./App.vue";
import { router } from "./router.ts";
import { keeper } from "./shared/api.ts";
import { applyLanguage, i18n } from "./shared/language.ts";
import { pinia } from "./shared/signed-in.ts";
import { applyTheme } from "./shared/theme.ts";

applyTheme();
applyLanguage();

// A reload has lost the access token; the stored refresh token brings the session back before the first page decides.
if (keeper.hasStored()) {
  await keeper.renew().catch(async (error: unknown) => {
    const { showTrouble } = await import("./shared/show-trouble.ts");
    showTrouble(error);
  });
}

createApp(App).use(pinia).use(i18n).use(router).mount("#app");
