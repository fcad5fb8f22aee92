import { Injectable } from "@nestjs/common";
import { bulk } from "@zhanggui/kit/contract/bulk";
import { createClient, type Client } from "@zhanggui/kit/contract/client";
import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, type Flat, type Out } from "@zhanggui/kit/contract/route";
import { bulkOf } from "@zhanggui/kit/server/bulk";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { defineModule } from "@zhanggui/kit/server/module";
import { scopeTables } from "@zhanggui/kit/server/policies";
import { sql } from "kysely";
import pg from "pg";
import { z } from "zod";
import type { Member, TestServer } from "./test-server.ts";

const potsFill = permission("pots:fill", { zh: "斟茶", en: "Fill pots" }, ["operator"]);
export const potsNames = permission("pots:names", { zh: "看壶名", en: "See pots' names" }, ["operator"]);
const leaking = fault("pots.leaking", 422, { zh: "{name} 漏水。", en: "{name} leaks." });
const listPots = list("/pots", {
  item: z.object({
    id: Id,
    name: field(z.string().nullable(), { zh: "壶", en: "Pot" }, { readBy: potsNames }),
    cups: field(z.int(), { zh: "杯", en: "Cups" }, { filter: "range", sort: true }),
  }),
  noun: { zh: "壶", en: "pot", plural: "pots" },
  access: potsFill,
});
export const pots = contract("pots", {
  list: listPots,
  fill: bulk("/pots/fill", {
    list: listPots,
    label: { zh: "斟满", en: "Fill" },
    summary: "Fill pots",
    access: potsFill,
    effect: "change",
    body: z.object({ to: z.int().max(1000) }),
    passes: { full: { zh: "已经满了", en: "are full" } },
  }),
});

/** What a test makes happen while a pot is filled, by its name. */
export const onFill = new Map<string, (ctx: Ctx) => Promise<void> | void>();

@Injectable()
class Pots {
  list(ctx: Ctx, query: Flat<typeof pots.list>): Promise<Out<typeof pots.list>> {
    return listOf(ctx, pots.list, query, potRows(ctx));
  }

  fill(ctx: Ctx, input: Flat<typeof pots.fill>): Promise<Out<typeof pots.fill>> {
    return bulkOf(ctx, pots.fill, input, potRows(ctx), {
      passes: { full: () => sql<boolean>`item.cups >= ${input.to}` },
      each: (ctx, id) =>
        ctx.tx(async (ctx) => {
          const [pot] = await ctx.sql<{ name: string }>`
            UPDATE tea_pots SET cups = ${input.to}, fills = fills + 1 WHERE id = ${id} RETURNING name`;
          const name = pot?.name ?? "";
          await onFill.get(name)?.(ctx);
          if (name.startsWith("leaking")) throw leaking({ name });
          return undefined;
        }),
    });
  }
}
interface Pot {
  readonly id: string;
  readonly name: string;
  readonly cups: number;
}

function potRows(ctx: Ctx) {
  return ctx.db.selectFrom(sql<Pot>`(SELECT id, name, cups FROM tea_pots)`.as("pot")).selectAll();
}

/** A module of the tests' own: pots that are filled, a thousand or one by one. */
export const potsModule = defineModule(pots, {
  services: { pots: Pots },
  routes: ({ pots }) => ({ list: pots.list, fill: pots.fill }),
});

export async function createPots({ databaseUrl }: Pick<TestServer, "databaseUrl">): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`CREATE TABLE tea_pots (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(),
    name text NOT NULL, cups integer NOT NULL, fills integer NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, id))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]?.tenant_role ?? "", {});
  await client.end();
}

/** Pots called `pot 1` … `pot <count>`, each of so many cups. */
export async function addPots({ runtime }: TestServer, tenantId: string, count: number, name = "pot"): Promise<void> {
  await runtime.ctx(tenantId).sql`
    INSERT INTO tea_pots (name, cups) SELECT ${name} || ' ' || n, n FROM generate_series(1, ${count}) n`;
}

export function fillsOf({ runtime }: TestServer, tenantId: string): Promise<{ fills: number; count: number }[]> {
  return runtime.ctx(tenantId).sql<{ fills: number; count: number }>`
    SELECT fills, count(*)::int AS count FROM tea_pots GROUP BY fills ORDER BY fills`;
}

export function potsApi({ url }: TestServer, { accessToken }: Member): Client<{ pots: typeof pots }>["pots"] {
  const headers = () => ({ "accept-language": "en", authorization: `Bearer ${accessToken}` });
  return createClient({ pots }, { baseUrl: url, headers }).pots;
}
