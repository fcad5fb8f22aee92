import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { can, signedIn } from "./common/signed-in.ts";
import { wantedPage } from "./access/wanted-page.ts";
import { pages } from "./pages.ts";

const children: RouteRecordRaw[] = [
  { path: "", name: "home", component: () => import("./shell/HomePage.vue") },
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
      component: () => import("./access/LoginPage.vue"),
      meta: { open: true, title: { zh: "登录", en: "Sign in" } },
    },
    { path: "/", component: () => import("./shell/Shell.vue"), children },
  ],
});

router.beforeEach((to) => {
  // A reload of the login page by somebody who is signed in after all. Another business is signed in to beside it.
  if (to.name === "login" && signedIn.me !== null && to.query["tenant"] === undefined) return wantedPage(to.query);
  if (to.meta.open === true) return true;
  if (signedIn.me === null) return { name: "login", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  const { needs } = to.meta;
  if (needs === undefined || can(needs)) return true;
  // The address stays, so that a reload after the right was granted opens the page.
  return { name: "forbidden", query: { needs: needs.code }, replace: true };
});
