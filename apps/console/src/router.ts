import { permissionsOf } from "@zhanggui/kit/contract/permission";
import { createRouter, createWebHistory } from "vue-router";
import { can, signedIn } from "./common/signed-in.ts";
import LoginPage from "./access/LoginPage.vue";
import { wantedPage } from "./access/wanted-page.ts";
import { loadWords, language } from "./common/language.ts";
import { wantPart } from "./common/missing-part.ts";

/** Stands for all pages until they are known. */
const behindLogin = "behind-login";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: "/login",
      name: "login",
      component: LoginPage,
      meta: { open: true, title: { zh: "登录", en: "Sign in" } },
    },
    {
      path: "/invitation",
      name: "invitation",
      component: LoginPage,
      meta: { open: true, title: { zh: "设置密码", en: "Choose your password" } },
    },
    { path: "/:rest(.*)*", name: behindLogin, component: () => import("./shell/Shell.vue") },
  ],
});

let loading: Promise<void> | undefined;
/** Makes every page known. They come once somebody has signed in: the login weighs the same, however many there are. */
export function loadPages(): Promise<void> {
  loading ??= import("./page-routes.ts").then(
    ({ shell }) => {
      router.removeRoute(behindLogin);
      router.addRoute(shell);
    },
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/**
 * Begins to load the page of an address and its words, while it is not yet known whether the session holds. What can't
 * be loaded is asked for again when the page opens.
 */
export async function loadAhead(address: string): Promise<void> {
  const begin = (parts: readonly Promise<unknown>[]): void => {
    for (const part of parts) part.catch(() => undefined);
  };
  if (router.resolve(address).meta.open !== true) {
    // Neither need wait until it is known which pages there are.
    begin([import("./shell/Shell.vue"), loadWords(language.value)]);
    await loadPages().catch(() => undefined);
  }
  const views = router.resolve(address).matched.flatMap(({ components }) => Object.values(components ?? {}));
  // A view that is loaded later is a function of no parameters; a component that is a function has some.
  begin(views.filter((view): view is () => Promise<unknown> => typeof view === "function").map((load) => load()));
}

router.beforeEach(async (to) => {
  // A reload of the login page by somebody who is signed in after all. Another business is signed in to beside it.
  if (to.name === "login" && signedIn.me !== null && to.query["tenant"] === undefined) return wantedPage(to.query);
  if (to.meta.open === true) return true;
  if (signedIn.me === null) return { name: "login", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  // Asked for together with the page, which waits for them below.
  loadWords(language.value).catch(() => undefined);
  if (to.name === behindLogin) {
    await loadPages();
    return to.fullPath;
  }
  const { needs } = to.meta;
  const rights = needs === undefined ? [] : permissionsOf(needs);
  if (rights.length === 0 || rights.some(can)) return true;
  // The address stays, so that a reload after the right was granted opens the page.
  return { name: "forbidden", query: { needs: rights.map(({ code }) => code).join() }, replace: true };
});

router.beforeResolve(async (to) => {
  if (to.meta.open !== true) await loadWords(language.value);
});

router.onError((_error, to) => {
  wantPart(to.fullPath);
});
