import { Global, Module, type Type } from "@nestjs/common";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Contract } from "@zhanggui/kit/contract/route";
import { Pipeline } from "@zhanggui/kit/server/http/pipeline";
import { createServer } from "@zhanggui/kit/server/http/server";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { PermissionCatalogue } from "./foundation/access/catalogue.ts";
import { modules } from "./modules.ts";

export const version = "0.1.0";

/** Every module's contract by name. */
export async function loadContracts(): Promise<Record<string, Contract>> {
  const loaded = await Promise.all(modules.map(async ({ name, load }) => [name, (await load()).contract] as const));
  return Object.fromEntries(loaded);
}

/** The server as one Nest application. It listens, and works, when the caller says so. */
export async function createApp(runtime: Runtime): Promise<NestFastifyApplication> {
  const contracts = await loadContracts();
  const nestModules: Type[] = await Promise.all(modules.map(async ({ load }) => (await load()).module));

  // What every module may ask for.
  @Global()
  @Module({
    providers: [
      { provide: Runtime, useValue: runtime },
      { provide: PermissionCatalogue, useValue: new PermissionCatalogue(Object.values(contracts)) },
    ],
    exports: [Runtime, PermissionCatalogue],
  })
  class Kit {}

  @Module({ imports: [Kit, ...nestModules], providers: [Pipeline] })
  class Server {}

  return createServer(Server, { runtime, contracts, version, consoleFolder: runtime.env.CONSOLE_DIR });
}
