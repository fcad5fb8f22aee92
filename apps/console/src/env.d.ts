/// <reference types="vite/client" />
import "vue-router";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { AnyOf, Permission } from "@zhanggui/kit/contract/permission";

declare module "vue-router" {
  interface RouteMeta {
    /** For visitors without an account. */
    open?: true;
    /** What the account must be allowed to do. */
    needs?: Permission | AnyOf;
    /** For the window's title. */
    title?: LocalizedText;
  }
}
