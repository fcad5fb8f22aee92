import type { ModuleDefinition } from "@zhanggui/kit/server/module";
import type { PlatformTables } from "@zhanggui/kit/server/policies";
import type { SealedColumn } from "@zhanggui/kit/server/sealed-column";

export type Layer = "foundation" | "engines" | "products";

export interface ModuleEntry {
  readonly name: string;
  readonly layer: Layer;
  /** What it is for, in one line. */
  readonly description: string;
  /** Modules of the same layer that it may import (their contract, events, service and module files). */
  readonly dependsOn?: readonly string[];
  /** Files that may work as the database's owner, past row-level security, each with its reason. */
  readonly ownerFiles?: Readonly<Record<string, string>>;
  /** Tables of the platform itself, without a tenant, and what a tenant's ctx may do with them. */
  readonly platformTables?: PlatformTables;
  /** Views and functions that work as the owner, and indexes that only those can use, each with its reason. */
  readonly ownerObjects?: Readonly<Record<string, string>>;
  /** Its columns that hold sealed secrets. */
  readonly sealed?: () => Promise<readonly SealedColumn[]>;
  readonly load: () => Promise<ModuleDefinition>;
}

/**
 * The module registry: every module, layer by layer. Nest reads it to build the server, the import rules to keep the
 * layers apart, the tidy test and the docs to know what there is. A module lives at `<layer>/<name>/`; imports go down
 * only.
 */
export const modules: readonly ModuleEntry[] = [
  {
    name: "access",
    layer: "foundation",
    description: "Tenants, accounts, sessions, roles: who may do what",
    ownerFiles: {
      "sessions.ts": "sessions of all tenants are pruned",
      "sign-in.ts": "a login comes before the tenant is known",
      "internal/login-attempts.ts": "so do wrong passwords",
      "tenants.ts": "the tenants themselves",
    },
    platformTables: { access_tenant: [], access_login_attempt: [] },
    sealed: async () => (await import("./foundation/access/access.sealed.ts")).accessSealed,
    ownerObjects: {
      access_tenants: "every tenant, to the one that runs the server; to others none",
      access_is_platform: "whether the ctx's own tenant runs the server: of others it tells nothing",
      access_demand_platform:
        "that rows of what holds for all tenants are of the one that runs the server; it only refuses",
    },
    load: async () => (await import("./foundation/access/access.module.ts")).accessModule,
  },
  {
    name: "notifications",
    layer: "foundation",
    description: "What people of a tenant are told, in their language: read, unread, wanted",
    dependsOn: ["access"],
    load: async () => (await import("./foundation/notifications/notifications.module.ts")).notificationsModule,
  },
  {
    name: "tenants",
    layer: "foundation",
    description: "The businesses of this server: plan, expiry, limits, what they use; opened, renewed, suspended",
    dependsOn: ["access", "notifications"],
    load: async () => (await import("./foundation/tenants/tenants.module.ts")).tenantsModule,
  },
  {
    name: "work",
    layer: "foundation",
    description: "Bulk actions that the server goes on with by itself: progress, pause, cancel",
    dependsOn: ["access", "notifications"],
    load: async () => (await import("./foundation/work/work.module.ts")).workModule,
  },
  {
    name: "settings",
    layer: "foundation",
    description: "Typed settings, per platform, tenant, app and store, versioned, read hot; what is kept for how long",
    dependsOn: ["access"],
    ownerFiles: { "hot-values.ts": "what every process keeps in memory is read past the transaction that asks" },
    ownerObjects: {
      settings_value_of_platform: "what is set for all tenants is read by the owner",
    },
    sealed: async () => (await import("./foundation/settings/settings.sealed.ts")).settingsSealed,
    load: async () => (await import("./foundation/settings/settings.module.ts")).settingsModule,
  },
  {
    name: "audit",
    layer: "foundation",
    description: "Who changed what, from what to what: kept, chained, verified",
    dependsOn: ["access", "notifications", "settings"],
    ownerFiles: { "chain.ts": "seals of all tenants are made and pruned by nobody but the owner" },
    load: async () => (await import("./foundation/audit/audit.module.ts")).auditModule,
  },
  {
    name: "files",
    layer: "foundation",
    description: "Files: uploaded and made, kept while something uses them, downloaded by whoever may",
    dependsOn: ["access", "settings"],
    load: async () => (await import("./foundation/files/files.module.ts")).filesModule,
  },
  {
    name: "exports",
    layer: "foundation",
    description: "Lists as files, made in the background; the download centre",
    dependsOn: ["access", "files", "notifications", "settings", "work"],
    load: async () => (await import("./foundation/exports/exports.module.ts")).exportsModule,
  },
  {
    name: "imports",
    layer: "foundation",
    description: "Files whose rows become things: read, mapped, checked, imported once each",
    dependsOn: ["access", "files", "notifications", "settings", "work"],
    load: async () => (await import("./foundation/imports/imports.module.ts")).importsModule,
  },
  {
    name: "archives",
    layer: "foundation",
    description: "Several files as one zip, made in the background",
    dependsOn: ["access", "exports", "files", "notifications", "settings", "work"],
    load: async () => (await import("./foundation/archives/archives.module.ts")).archivesModule,
  },
  {
    name: "events",
    layer: "foundation",
    description: "The event log and the dead letters, seen and replayed",
    dependsOn: ["access", "notifications"],
    load: async () => (await import("./foundation/events/events.module.ts")).eventsModule,
  },
  {
    name: "operations",
    layer: "foundation",
    description:
      "How the whole server runs: schedules, queues, tables, dependencies; closed for maintenance and opened",
    dependsOn: ["access", "settings"],
    ownerFiles: {
      "overview.ts":
        "queues, tables and slow statements are all tenants'; only the tenant that runs the server sees it",
      "maintenance.ts": "the server is closed for all tenants",
    },
    load: async () => (await import("./foundation/operations/operations.module.ts")).operationsModule,
  },
  {
    name: "logs",
    layer: "foundation",
    description: "What the server wrote to its log of late, found by trace, level, time and words",
    dependsOn: ["access", "settings"],
    ownerFiles: {
      "keeper.ts": "a process writes lines about all tenants",
      "logs.service.ts": "whoever runs the server sees those of all tenants, and those about none",
    },
    load: async () => (await import("./foundation/logs/logs.module.ts")).logsModule,
  },
  {
    name: "links",
    layer: "foundation",
    description: "Short links: shortened, opened, counted",
    dependsOn: ["access", "settings"],
    ownerFiles: {
      "opening.ts": "a slug names the link, and the link its tenant; clicks of several share one statement",
    },
    load: async () => (await import("./foundation/links/links.module.ts")).linksModule,
  },
  {
    name: "forms",
    layer: "foundation",
    description: "Forms that operators make: drawn, published version by version, answered",
    dependsOn: ["access", "settings"],
    load: async () => (await import("./foundation/forms/forms.module.ts")).formsModule,
  },
  {
    name: "views",
    layer: "foundation",
    description: "What people made of a list, kept under a name: their own and shared ones",
    dependsOn: ["access"],
    load: async () => (await import("./foundation/views/views.module.ts")).viewsModule,
  },
  {
    name: "keys",
    layer: "foundation",
    description: "API keys: what programs call with, what they may do, how often they did",
    dependsOn: ["access"],
    ownerFiles: { "callers.ts": "calls of several tenants are counted by one statement" },
    load: async () => (await import("./foundation/keys/keys.module.ts")).keysModule,
  },
  {
    name: "identity",
    layer: "foundation",
    description: "Single sign-on: OpenID Connect providers that people sign in by",
    dependsOn: ["access", "settings"],
    sealed: async () => (await import("./foundation/identity/identity.sealed.ts")).identitySealed,
    load: async () => (await import("./foundation/identity/identity.module.ts")).identityModule,
  },
  {
    name: "codes",
    layer: "foundation",
    description: "Verification codes by phone and mail; proof of work against whoever asks in masses",
    dependsOn: ["access", "settings"],
    ownerFiles: { "proofs.ts": "a challenge is solved before anybody says for which tenant" },
    platformTables: { codes_proof: [] },
    sealed: async () => (await import("./foundation/codes/codes.sealed.ts")).codesSealed,
    load: async () => (await import("./foundation/codes/codes.module.ts")).codesModule,
  },
  {
    name: "webhooks",
    layer: "foundation",
    description: "Events for others: webhooks of tenants, signed and tried again; a relay to RabbitMQ",
    dependsOn: ["access", "events", "notifications"],
    ownerFiles: { "relay.ts": "events of all tenants wait for RabbitMQ in one queue" },
    sealed: async () => (await import("./foundation/webhooks/webhooks.sealed.ts")).webhooksSealed,
    load: async () => (await import("./foundation/webhooks/webhooks.module.ts")).webhooksModule,
  },
  {
    name: "connect",
    layer: "engines",
    description: "WeChat apps: tokens, messages in, replies out, channel QR codes",
    ownerFiles: {
      "internal/snapshots.ts": "a callback address names the app, and the app names the tenant",
      "internal/proofs.ts": "an AppID that another tenant has proven",
      "internal/inbound-store.ts": "pushes of several tenants share one statement",
    },
    sealed: async () => (await import("./engines/connect/connect.sealed.ts")).connectSealed,
    load: async () => (await import("./engines/connect/connect.module.ts")).connectModule,
  },
  {
    name: "audience",
    layer: "engines",
    description: "One person across all identities: where they came from, what they are tagged, what they did",
    dependsOn: ["connect"],
    load: async () => (await import("./engines/audience/audience.module.ts")).audienceModule,
  },
  {
    name: "materials",
    layer: "engines",
    description: "WeChat's material library: read, uploaded to, and what of it can be mass sent",
    dependsOn: ["access", "files", "connect"],
    load: async () => (await import("./engines/materials/materials.module.ts")).materialsModule,
  },
  {
    name: "templates",
    layer: "engines",
    description: "Message templates of official accounts and mini-programs, and WeChat's library of them",
    dependsOn: ["access", "connect"],
    load: async () => (await import("./engines/templates/templates.module.ts")).templatesModule,
  },
  {
    name: "subscriptions",
    layer: "engines",
    description: "Who lets which app send them subscription messages: each consent, and what became of it",
    dependsOn: ["access", "connect", "audience", "templates"],
    load: async () => (await import("./engines/subscriptions/subscriptions.module.ts")).subscriptionsModule,
  },
  {
    name: "broadcasts",
    layer: "engines",
    description: "One message to many followers: counted, sent once, reconciled with what WeChat reports",
    dependsOn: ["access", "connect", "audience", "materials"],
    load: async () => (await import("./engines/broadcasts/broadcasts.module.ts")).broadcastsModule,
  },
  {
    name: "sms",
    layer: "engines",
    description: "Text messages: accounts at carriers, templates, who sends what by weight, receipts",
    dependsOn: ["access", "codes"],
    sealed: async () => (await import("./engines/sms/sms.sealed.ts")).smsSealed,
    load: async () => (await import("./engines/sms/sms.module.ts")).smsModule,
  },
  {
    name: "messaging",
    layer: "engines",
    description: "Replies and scenes: what is sent to whom, and why it was or wasn't",
    dependsOn: ["connect", "audience", "materials"],
    load: async () => (await import("./engines/messaging/messaging.module.ts")).messagingModule,
  },
  {
    name: "customers",
    layer: "engines",
    description: "Customers who sign in to pages of the business: their sessions, and what they are told live",
    dependsOn: ["connect", "audience"],
    load: async () => (await import("./engines/customers/customers.module.ts")).customersModule,
  },
];
