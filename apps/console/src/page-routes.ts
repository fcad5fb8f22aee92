import type { RouteRecordRaw } from "vue-router";
import { pages } from "./pages.ts";

/** Every module's pages, in the shell around them. */
export const shell: RouteRecordRaw = {
  path: "/",
  component: () => import("./shell/Shell.vue"),
  children: [
    { path: "", name: "home", component: () => import("./home/HomePage.vue") },
    ...pages.map(({ path, name, view, needs, title }) => ({
      path,
      name,
      component: view,
      meta: { title, ...(needs === undefined ? {} : { needs }) },
    })),
    { path: "403", name: "forbidden", component: () => import("./shell/ForbiddenPage.vue") },
    { path: ":rest(.*)*", name: "not-found", component: () => import("./shell/NotFoundPage.vue") },
  ],
};
