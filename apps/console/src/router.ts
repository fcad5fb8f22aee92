import { permissionsOf } from "@zhanggui/kit/contract/permission";
import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { can, signedIn } from "./common/signed-in.ts";
import LoginPage from "./access/LoginPage.vue";
import { wantedPage } from "./access/wanted-page.ts";
import { loadWords, language } from "./common/language.ts";
import { wantPart } from "./common/missing-part.ts";
import { pages } from "./pages.ts";

const children: RouteRecordRaw[] = [
  { path: "", name: "home", component: () => import("./home/HomePage.vue") },
  ...pages.map(({ path, name, view, needs, title }) => ({
    path,
    name,
    component: view,
    meta: { title, ...(needs === undefined ? {} : { needs }) },
  })),
  { path: "403", name: "forbidden", component: () => import("./shell/ForbiddenPage.vue") },
  { path: ":rest(.*)*", name: "not-found", component: () => import("./shell/NotFoundPage.vue") },
];

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
    { path: "/", component: () => import("./shell/Shell.vue"), children },
  ],
});

/**
 * Begins to load the page of an address and its words, while it is not yet known whether the session holds. What can't
 * be loaded is asked for again when the page opens.
 */
export function loadAhead(address: string): void {
  const { matched, meta } = router.resolve(address);
  const views = matched.flatMap(({ components }) => Object.values(components ?? {}));
  // A view that is loaded later is a function of no parameters; a component that is a function has some.
  const lazy = views.filter((view): view is () => Promise<unknown> => typeof view === "function");
  const parts = [...lazy.map((load) => load()), ...(meta.open === true ? [] : [loadWords(language.value)])];
  for (const part of parts) part.catch(() => undefined);
}

router.beforeEach((to) => {
  // A reload of the login page by somebody who is signed in after all. Another business is signed in to beside it.
  if (to.name === "login" && signedIn.me !== null && to.query["tenant"] === undefined) return wantedPage(to.query);
  if (to.meta.open === true) return true;
  if (signedIn.me === null) return { name: "login", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  // Asked for together with the page, which waits for them below.
  loadWords(language.value).catch(() => undefined);
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
