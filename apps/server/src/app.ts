import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { createApplication } from "@zhanggui/kit/server/application";
import type { ModuleDefinition } from "@zhanggui/kit/server/module";
import type { Runtime } from "@zhanggui/kit/server/runtime";
import { bodyErrors } from "./body-errors.ts";
import { contracts } from "./contracts.ts";
import { modules } from "./modules.ts";

export const version = "0.1.0";

/**
 * The server as one Nest application, with `more` modules than the registry has if a test brings some. It listens, and
 * works, when the caller says so.
 *
 * @throws Error if the registry and the contracts don't name the same modules
 */
export async function createApp(
  runtime: Runtime,
  more: readonly ModuleDefinition[] = [],
): Promise<NestFastifyApplication> {
  const loaded = await Promise.all(modules.map(({ load }) => load()));
  const listed: readonly object[] = Object.values(contracts);
  const unlisted = loaded.find(({ contract }) => !listed.includes(contract));
  if (unlisted !== undefined) throw new Error(`contracts.ts lacks ${unlisted.name}`);
  if (listed.length > loaded.length) throw new Error("contracts.ts lists a contract whose module modules.ts lacks");
  const { CONSOLE_DIR: consoleFolder } = runtime.env;
  return createApplication({ runtime, modules: [...loaded, ...more], version, consoleFolder, bodyErrors });
}
