/// <reference types="vite/client" />
import "vue-router";
import type { Permission } from "@zhanggui/kit/contract/permission";

declare module "vue-router" {
  interface RouteMeta {
    /** For visitors without an account. */
    open?: true;
    /** What the account must be allowed to do. */
    needs?: Permission;
    /** The key of the page's name, for the window's title. */
    title?: string;
  }
}
