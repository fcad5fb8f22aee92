import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { eventStream } from "../../contract/body.ts";
import { field } from "../../contract/field.ts";
import { fieldRightsOf } from "../../contract/field-rights.ts";
import { list } from "../../contract/list.ts";
import { permission } from "../../contract/permission.ts";
import { contract, type Flat, route } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const read = permission("guests:read", { zh: "看客人", en: "See guests" }, []);
const contacts = permission("guests:contacts", { zh: "看电话", en: "See phones" }, []);
const grade = permission("guests:grade", { zh: "评级", en: "Grade" }, []);
const phone = field(
  z.string().nullable(),
  { zh: "电话", en: "Phone" },
  { readBy: contacts, sort: true, filter: true, kind: "phone" },
);
const Guest = z.object({
  id: z.string(),
  name: field(z.string(), { zh: "姓名", en: "Name" }, { sort: true }),
  phone,
  mail: field(z.string().optional(), { zh: "邮箱", en: "Mail" }, { readBy: contacts }),
  friends: z.array(z.object({ name: z.string(), phone })),
});
interface Regular {
  readonly phone: string | null;
  readonly brought: readonly Regular[];
}
const Regular: z.ZodType<Regular> = z.object({
  phone,
  get brought() {
    return z.array(Regular);
  },
});
/** Everything that a shape can hold another one in. */
const Table = z.object({
  bySeat: z.record(z.string(), z.object({ phone })),
  pair: z.tuple([z.object({ phone }), z.string()]),
  host: z.intersection(z.object({ name: z.string() }), z.object({ phone })),
  shouted: z.preprocess((value) => value, z.object({ phone })),
  later: z.lazy(() => z.object({ phone })),
  numbers: z.array(phone),
  regulars: z.array(Regular),
});
const guests = contract("guests", {
  list: list("/guests", { item: Guest, noun: { zh: "客人", en: "guest", plural: "guests" }, access: read }),
  get: route.get("/guests/one", { summary: "One", access: read, reply: Guest }),
  table: route.get("/guests/table", { summary: "A table", access: read, reply: Table }),
  seat: route.post("/guests/table", {
    summary: "Seat",
    access: read,
    effect: "change",
    body: Table,
    reply: z.object({}),
  }),
  byShop: list("/guests/shops", {
    item: z.object({ id: z.string(), name: field(z.string(), { zh: "店", en: "Shop" }, { sort: true }) }),
    noun: { zh: "店", en: "shop", plural: "shops" },
    access: read,
    filters: { caller: field(z.string(), { zh: "来电", en: "Caller" }, { readBy: contacts }) },
  }),
  watch: route.get("/guests/events", {
    summary: "Who comes",
    access: read,
    reply: eventStream({ came: Guest }),
  }),
  create: route.post("/guests", {
    summary: "New",
    access: read,
    effect: "change",
    idempotent: true,
    body: z.object({
      name: field(z.string(), { zh: "姓名", en: "Name" }),
      phone: phone.optional(),
      grade: field(z.int().default(1), { zh: "等级", en: "Grade" }, { writeBy: grade }),
      friends: z.array(z.object({ name: z.string(), phone: phone.optional() })).default([]),
    }),
    reply: Guest,
  }),
});

const ann = {
  id: "1",
  name: "Ann",
  phone: "13800000001",
  mail: "ann@lantern-tea.example",
  friends: [{ name: "Bo", phone: "13800000002" }],
};

const one = { phone: "13800000003" };
const table = {
  bySeat: { a: one, b: one },
  pair: [one, "x"] as [typeof one, string],
  host: { name: "Ann", ...one },
  shouted: one,
  later: one,
  numbers: ["13800000004"],
  regulars: [{ ...one, brought: [{ ...one, brought: [{ ...one, brought: [] }] }] }],
};

@Injectable()
class Guests {
  table() {
    return Promise.resolve(table);
  }
  seat() {
    return Promise.resolve({});
  }
  byShop(_ctx: Ctx, _query: Flat<typeof guests.byShop>) {
    return Promise.resolve({ items: [], next: null });
  }
  list(_ctx: Ctx, _query: Flat<typeof guests.list>) {
    return Promise.resolve({ items: [ann], next: null });
  }
  get() {
    return Promise.resolve(ann);
  }
  async *watch() {
    yield { event: "came" as const, data: ann };
  }
  create(_ctx: Ctx, body: Flat<typeof guests.create>) {
    return Promise.resolve({ ...ann, ...body, phone: body.phone ?? null, friends: [] });
  }
}

let server: KitServer<{ guests: typeof guests }>;
beforeAll(async () => {
  const module = defineModule(guests, {
    services: { guests: Guests },
    routes: ({ guests }) => ({
      list: guests.list,
      get: guests.get,
      watch: guests.watch,
      create: guests.create,
      table: guests.table,
      seat: guests.seat,
      byShop: guests.byShop,
    }),
  });
  server = await openKitServer(inject("clusterUrl"), { guests }, { modules: [module] });
});
afterAll(() => server.close());

const some = "sam#guests:read";
const all = "owner#guests:read,guests:contacts,guests:grade";
const hidden = { id: "1", name: "Ann", phone: null, friends: [{ name: "Bo", phone: null }] };

async function raw(token: string, path: string, accept = "application/json"): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept, "accept-language": "en" };
  return (await fetch(`${server.url}/api${path}`, { headers })).text();
}

describe("what somebody may not see", () => {
  test("is in no reply, page, file or event of theirs, and in everybody else's", async () => {
    expect(await server.as(some).guests.get()).toEqual(hidden);
    expect((await server.as(some).guests.list({})).items).toEqual([hidden]);
    expect(await server.as(all).guests.get()).toEqual(ann);
    expect((await server.as(all).guests.list({})).items).toEqual([ann]);
    for (const [path, accept] of [
      ["/guests/events", "text/event-stream"],
      ["/guests?columns=name,phone,mail", "text/csv"],
    ] as const) {
      expect(await raw(some, path, accept)).not.toMatch(/1380000000|lantern-tea|Phone/);
      expect(await raw(all, path, accept)).toMatch(/13800000001/);
    }
    expect(await raw(some, "/guests?columns=name,phone,mail", "text/csv")).toBe("Name\r\nAnn\r\n");
  });

  test("is told by no order and no filter of a list, nor by those of its file", async () => {
    for (const query of ["sort=phone", "sort=-phone", "phone=13800000001"]) {
      for (const accept of ["application/json", "text/csv"]) {
        expect(await raw(some, `/guests?${query}`, accept)).toContain("kit.forbidden");
        expect(await raw(all, `/guests?${query}`, accept)).toContain("13800000001");
      }
    }
    expect(await raw(some, "/guests?sort=name")).toContain("Ann");
  });

  test("is hidden in whatever holds it: records, pairs, both sides of a pipe, a shape within itself", async () => {
    expect(JSON.stringify(await server.as(some).guests.table())).not.toContain("1380000");
    expect(await server.as(all).guests.table()).toEqual(table);
    await expect(server.as(some).guests.seat(table)).rejects.toMatchObject({
      problem: {
        errors: [
          "bySeat.a.phone",
          "bySeat.b.phone",
          "pair.0.phone",
          "host.phone",
          "shouted.phone",
          "later.phone",
          "numbers.0",
          "regulars.0.phone",
          "regulars.0.brought.0.phone",
          "regulars.0.brought.0.brought.0.phone",
        ].map((name) => expect.objectContaining({ field: name })),
      },
    });
    expect(await server.as(all).guests.seat(table)).toEqual({});
  });

  test("is told by no filter that stands beside the columns", async () => {
    expect(await raw(some, "/guests/shops?caller=1")).toContain("kit.forbidden");
    expect(await raw(all, "/guests/shops?caller=1")).toContain("items");
  });

  test("can't be sent either, at whatever depth, and each field is named", async () => {
    const sent = { name: "Cai", phone: null, grade: 3, friends: [{ name: "Bo" }, { name: "Di", phone: "1" }] };
    await expect(server.as(some).guests.create(sent)).rejects.toMatchObject({
      problem: {
        status: 400,
        errors: [
          { field: "phone", message: "Something was sent that isn't yours to send" },
          { field: "grade", message: "You may not change this" },
          { field: "friends.1.phone", message: "Something was sent that isn't yours to send" },
        ],
      },
    });
    expect(await server.as(all).guests.create(sent)).toMatchObject({ name: "Cai" });
  });
});

test("a default isn't sent: who may not send a field can leave it out", async () => {
  expect(await server.as(some).guests.create({ name: "Cai" })).toMatchObject({ name: "Cai", phone: null });
});

test("what can neither be null nor left out can't be for some only", () => {
  const shape = z.object({ phone: field(z.string(), { zh: "电话", en: "Phone" }, { readBy: contacts }) });
  expect(() => fieldRightsOf(shape)).toThrow("phone is for some only");
});
