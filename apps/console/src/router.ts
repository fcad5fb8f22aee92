import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { messagingRead } from "@zhanggui/server/engines/messaging/messaging.contract";
import { eventsRead } from "@zhanggui/server/foundation/events/events.contract";
import { settingsRead } from "@zhanggui/server/foundation/settings/settings.contract";
import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { can, signedIn } from "./common/signed-in.ts";

const pages: RouteRecordRaw[] = [
  { path: "", name: "home", component: () => import("./shell/HomePage.vue") },
  {
    path: "people",
    name: "people",
    component: () => import("./audience/PeoplePage.vue"),
    meta: { needs: audienceRead, title: "shell.pages.people" },
  },
  {
    path: "people/:personId",
    name: "person",
    component: () => import("./audience/PersonPage.vue"),
    meta: { needs: audienceRead, title: "shell.pages.people" },
  },
  {
    path: "messages/deliveries",
    name: "deliveries",
    component: () => import("./messaging/DeliveriesPage.vue"),
    meta: { needs: messagingRead, title: "shell.pages.deliveries" },
  },
  {
    path: "messages/deliveries/:deliveryId",
    name: "delivery",
    component: () => import("./messaging/DeliveryPage.vue"),
    meta: { needs: messagingRead, title: "shell.pages.deliveries" },
  },
  {
    path: "messages/rules",
    name: "rules",
    component: () => import("./messaging/RulesPage.vue"),
    meta: { needs: messagingRead, title: "shell.pages.rules" },
  },
  {
    path: "messages/scenes",
    name: "scenes",
    component: () => import("./messaging/ScenesPage.vue"),
    meta: { needs: messagingRead, title: "shell.pages.scenes" },
  },
  {
    path: "traces/:traceId",
    name: "trace",
    component: () => import("./messaging/TracePage.vue"),
    meta: { title: "messaging.trace.title" },
  },
  {
    path: "growth/channels",
    name: "channels",
    component: () => import("./connect/ChannelsPage.vue"),
    meta: { needs: connectRead, title: "shell.pages.channels" },
  },
  {
    path: "connect/apps",
    name: "apps",
    component: () => import("./connect/AppsPage.vue"),
    meta: { needs: connectRead, title: "shell.pages.apps" },
  },
  {
    path: "connect/inbound",
    name: "inbound",
    component: () => import("./connect/InboundPage.vue"),
    meta: { needs: connectRead, title: "shell.pages.inbound" },
  },
  {
    path: "insight/events",
    name: "events",
    component: () => import("./events/EventsPage.vue"),
    meta: { needs: eventsRead, title: "shell.pages.events" },
  },
  {
    path: "insight/dead-letters",
    name: "dead-letters",
    component: () => import("./events/DeadLettersPage.vue"),
    meta: { needs: eventsRead, title: "shell.pages.deadLetters" },
  },
  {
    path: "settings",
    name: "settings",
    component: () => import("./settings/SettingsPage.vue"),
    meta: { needs: settingsRead, title: "shell.pages.settings" },
  },
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
      meta: { open: true, title: "access.login.title" },
    },
    { path: "/", component: () => import("./shell/Shell.vue"), children: pages },
  ],
});

router.beforeEach((to) => {
  if (to.meta.open === true) return true;
  if (signedIn.me === null) return { name: "login", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  const { needs } = to.meta;
  if (needs === undefined || can(needs)) return true;
  // The address stays, so that a reload after the right was granted opens the page.
  return { name: "forbidden", query: { needs: needs.code }, replace: true };
});
