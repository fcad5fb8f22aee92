import type { Type } from "@nestjs/common";
import type { Contract } from "@zhanggui/kit/contract/route";

export type Floor = "foundation" | "engines" | "products";

export interface HouseModule {
  readonly name: string;
  readonly floor: Floor;
  /** What it is for, in one line. */
  readonly promise: string;
  /** Modules of the same floor that it may import (their contract, events, service and module files). */
  readonly beside?: readonly string[];
  /** Files that may look across tenants, each with its reason. */
  readonly acrossTenants?: Readonly<Record<string, string>>;
  /** Tables of the platform itself, without a tenant. */
  readonly platformTables?: readonly string[];
  readonly load: () => Promise<{ module: Type; contract: Contract }>;
}

/**
 * The map: every module, floor by floor. Nest reads it to build the server, the import rules to hold the floors apart,
 * the tidy test and the docs to know what there is. A module lives at `<floor>/<name>/`; imports go down only.
 */
export const house: { readonly modules: readonly HouseModule[] } = {
  modules: [
    {
      name: "access",
      floor: "foundation",
      promise: "Tenants, accounts, sessions, roles: who may do what",
      acrossTenants: {
        "sessions.ts": "a login or a token comes before the tenant is known",
        "tenants.ts": "the tenants themselves",
      },
      platformTables: ["access_tenant", "access_login_attempt"],
      load: async () => ({
        module: (await import("./foundation/access/access.module.ts")).AccessModule,
        contract: (await import("./foundation/access/access.contract.ts")).access,
      }),
    },
    {
      name: "settings",
      floor: "foundation",
      promise: "Typed settings, per tenant, versioned, read hot",
      load: async () => ({
        module: (await import("./foundation/settings/settings.module.ts")).SettingsModule,
        contract: (await import("./foundation/settings/settings.contract.ts")).settings,
      }),
    },
    {
      name: "events",
      floor: "foundation",
      promise: "The event log and the dead letters, seen and replayed",
      load: async () => ({
        module: (await import("./foundation/events/events.module.ts")).EventsModule,
        contract: (await import("./foundation/events/events.contract.ts")).events,
      }),
    },
    {
      name: "connect",
      floor: "engines",
      promise: "WeChat apps: tokens, messages in, replies out, channel QR codes",
      acrossTenants: { "internal/callbacks.ts": "a callback address names the app, and the app names the tenant" },
      load: async () => ({
        module: (await import("./engines/connect/connect.module.ts")).ConnectModule,
        contract: (await import("./engines/connect/connect.contract.ts")).connect,
      }),
    },
    {
      name: "audience",
      floor: "engines",
      promise: "One person across all identities: where they came from, what they are tagged, what they did",
      beside: ["connect"],
      load: async () => ({
        module: (await import("./engines/audience/audience.module.ts")).AudienceModule,
        contract: (await import("./engines/audience/audience.contract.ts")).audience,
      }),
    },
    {
      name: "messaging",
      floor: "engines",
      promise: "Replies and scenes: what is sent to whom, and why it was or wasn't",
      beside: ["connect", "audience"],
      acrossTenants: { "outbox.ts": "one queue of deliveries serves all tenants" },
      load: async () => ({
        module: (await import("./engines/messaging/messaging.module.ts")).MessagingModule,
        contract: (await import("./engines/messaging/messaging.contract.ts")).messaging,
      }),
    },
  ],
};
