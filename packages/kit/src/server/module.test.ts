import "reflect-metadata";
import { Controller, Get, Injectable, Module } from "@nestjs/common";
import { expect, inject, onTestFinished, test } from "vitest";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { publicAccess } from "../contract/permission.ts";
import { contract, route, type Flat } from "../contract/route.ts";
import { setting } from "../contract/setting.ts";
import { openRuntime } from "../testing/runtime.ts";
import { createApplication } from "./application.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import { Declarations } from "./declarations.ts";
import { extensionPoint, Extensions } from "./extensions.ts";
import { defineModule, items, on, type ModuleDefinition, type RouteHandlers, type Wiring } from "./module.ts";

const summary = "A route of the tests";
const teas = contract("teas", {
  list: route.get("/teas", {
    summary,
    access: publicAccess,
    reply: z.object({ items: z.array(z.object({ name: z.string() })) }),
  }),
  brew: route.post("/teas/:name", {
    summary,
    access: publicAccess,
    effect: "change",
    params: z.object({ name: z.string() }),
    body: z.object({ grams: z.int() }),
    reply: z.object({}),
  }),
});

@Injectable()
class Teas {
  readonly #names = ["Dan Cong"];
  async list() {
    return this.#names.map((name) => ({ name }));
  }
  async brew(_ctx: Ctx, { name }: Flat<typeof teas.brew>): Promise<void> {
    this.#names.push(name);
  }
  async brewInside(_ctx: TxCtx, _input: Flat<typeof teas.brew>): Promise<void> {}
  async wrongInput(_ctx: Ctx, _input: { name: number }): Promise<void> {}
  async wrongReply(): Promise<{ teas: string[] }> {
    return { teas: [] };
  }
}
const services = { teas: Teas };

async function boot(modules: readonly ModuleDefinition[], nest: readonly (new () => unknown)[] = []) {
  const { runtime, close } = await openRuntime(inject("clusterUrl"));
  onTestFinished(close);
  return createApplication({ runtime, modules, version: "0", nest });
}
const complete = () =>
  defineModule(teas, { services, routes: ({ teas }) => ({ list: items(teas.list), brew: teas.brew }) });

test("the compiler refuses wiring that doesn't fit its contract", () => {
  const bind = <R extends RouteHandlers<typeof teas>>(routes: Wiring<typeof teas, typeof services, R>["routes"]) =>
    defineModule(teas, { services, routes });
  // @ts-expect-error a route lacks
  bind(({ teas }) => ({ list: items(teas.list) }));
  // @ts-expect-error the contract has no such route
  bind(({ teas }) => ({ list: items(teas.list), brew: teas.brew, pour: teas.brew }));
  // @ts-expect-error it takes another input
  bind(({ teas }) => ({ list: items(teas.list), brew: teas.wrongInput }));
  // @ts-expect-error it returns something else
  bind(({ teas }) => ({ list: teas.wrongReply, brew: teas.brew }));
  // @ts-expect-error a request isn't in a transaction
  bind(({ teas }) => ({ list: items(teas.list), brew: teas.brewInside }));
  // @ts-expect-error no service has this name
  bind(({ coffee }) => ({ list: items(coffee.list), brew: coffee.brew }));
  const poured = event("teas.poured.v1", z.object({ name: z.string() }));
  // @ts-expect-error it expects another event
  on(poured, async (_ctx: TxCtx, _payload: { grams: number }) => {});
  expect(complete().name).toBe("teas");
});

test("methods keep their service, and a reply without fields may be nothing", async () => {
  const app = await boot([complete()]);
  await app.init();
  onTestFinished(() => app.close());
  const brewed = await app.inject({ method: "POST", url: "/api/teas/Tie%20Guan%20Yin", payload: { grams: 5 } });
  expect([brewed.statusCode, brewed.body]).toEqual([200, "{}"]);
  const listed = await app.inject("/api/teas");
  expect(listed.json()).toEqual({ items: [{ name: "Dan Cong" }, { name: "Tie Guan Yin" }] });
});

test("a stack trace names the controller and the route", async () => {
  @Injectable()
  class Leaking {
    list(): never {
      throw new Error("a leak");
    }
  }
  const leaking = defineModule(contract("leaking_teas", { list: teas.list }), {
    services: { leaking: Leaking },
    routes: ({ leaking }) => ({ list: leaking.list }),
  });
  const { runtime, close } = await openRuntime(inject("clusterUrl"));
  onTestFinished(close);
  const logged = Promise.withResolvers<string>();
  Object.assign(runtime.log, { error: ({ err }: { err: Error }) => logged.resolve(err.stack ?? "") });
  const app = await createApplication({ runtime, modules: [leaking], version: "0" });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  expect((await fetch(`${await app.getUrl()}/api/teas`)).status).toBe(500);
  expect(await logged.promise).toContain("LeakingTeasController.list");
});

test("a route that nobody serves, or two do, stops the server from starting", async () => {
  const lacking = defineModule(teas, { services, routes: () => ({ list: undefined, brew: undefined }) as never });
  await expect(boot([lacking])).rejects.toThrow("teas.list is served by nobody");
  const extra = defineModule(teas, {
    services,
    routes: ({ teas }) => ({ list: items(teas.list), brew: teas.brew, pour: teas.brew }) as never,
  });
  await expect(boot([extra])).rejects.toThrow("teas serves pour, which its contract doesn't have");
  await expect(boot([complete(), complete()])).rejects.toThrow("teas.list is served twice");
});

test("a controller's method without a contract stops the server from starting", async () => {
  @Controller("hidden")
  class Hidden {
    @Get("door") open(): string {
      return "unseen";
    }
  }
  @Module({ controllers: [Hidden] })
  class HiddenModule {}
  await expect(boot([complete()], [HiddenModule])).rejects.toThrow(/no contract describes Hidden\.open/);
});

test("settings and permissions are known from the declarations, and two settings of one key are refused", async () => {
  const grams = setting("teas.grams", z.int(), 5, { zh: "克", en: "Grams" });
  const declared = (key = "more_teas") =>
    defineModule(contract(key, {}), { services: {}, routes: () => ({}), settings: [grams] });
  const app = await boot([declared()]);
  expect(app.get(Declarations).settings).toEqual([grams]);
  await app.close();
  await expect(boot([declared("a"), declared("b")])).rejects.toThrow("the setting teas.grams is declared twice");
});

test("modules above give to an extension point below, in the order of the registry", async () => {
  const taster = extensionPoint<(name: string) => string>("teas.taster");
  const giving = (name: string) =>
    defineModule(contract(name, {}), {
      services: {},
      routes: () => ({}),
      extensions: () => ({ first: taster((tea) => `${name} tastes ${tea}`) }),
    });
  const app = await boot([complete(), giving("b"), giving("a")]);
  onTestFinished(() => app.close());
  const given = app.get(Extensions).of(taster);
  expect(given.map(({ name, value }) => [name, value("white")])).toEqual([
    ["b.first", "b tastes white"],
    ["a.first", "a tastes white"],
  ]);
  expect(app.get(Extensions).of(extensionPoint("teas.taster"))).toEqual([]);
});
