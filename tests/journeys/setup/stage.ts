import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { migrationFolders } from "@zhanggui/server/migrations";
import { contracts } from "@zhanggui/server/contracts";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import type { Browser } from "playwright-core";
import { freePort } from "../../../tools/postgres.ts";
import { inRoot } from "../../../tools/zg/paths.ts";
import { startServer } from "../../setup/server-process.ts";
import { closeWindows, openBrowser } from "./browser.ts";

const password = "correct horse battery";

/** Somebody with an account at Lantern Tea. */
export interface Login {
  readonly login: string;
  readonly password: string;
  readonly name: string;
}

/** What a journey plays on: a browser, the real server with the built console, and WeChat's stand-in. */
export interface Stage {
  readonly browser: Browser;
  /** Where the console is. */
  readonly url: string;
  readonly emulator: Emulator;
  readonly owner: Login;
  readonly operator: Login;
  /** The API, as the owner. */
  readonly api: ReturnType<typeof asOwner>;
  readonly databaseUrl: string;
  /** What the server wrote, for the message of a failing journey. */
  serverOutput(): string;
  close(): Promise<void>;
}

/**
 * Starts everything on free ports, built anew if its sources have changed. Lantern Tea's owner has set the server up
 * and opened an account for an operator; nothing else is there.
 *
 * @param clusterUrl a superuser's address of the test cluster
 * @param variables of the server, besides what the stage needs
 */
export async function setStage(clusterUrl: string, variables: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const emulator = await startEmulator({ seed: 1 });
    closers.push(() => emulator.stop());
    const database = await cloneOfTemplate(clusterUrl, migrationFolders());
    closers.push(() => database.drop());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = await startServer({
      DATABASE_URL: database.url,
      PORT: String(port),
      PUBLIC_URL: url,
      WECHAT_API_URL: emulator.url,
      WECHAT_MP_URL: emulator.url,
      WECHAT_OPEN_URL: emulator.url,
      SMTP_URL: emulator.smtpUrl,
      SMS_URL: emulator.smsUrl,
      SMS_API_URL: emulator.url,
      CONSOLE_DIR: inRoot("apps/console/dist"),
      // Whoever leaves the stage has asked for all that they wanted.
      DRAIN_SECONDS: "1",
      ...variables,
    });
    closers.push(() => server.stop());
    const people = await openLanternTea(url);
    const browser = await openBrowser();
    closers.push(closeWindows);
    const databaseUrl = database.url;
    return { browser, url, emulator, ...people, databaseUrl, serverOutput: () => server.output(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The owner sets the server up and gives an operator an account. */
async function openLanternTea(url: string): Promise<Pick<Stage, "owner" | "operator" | "api">> {
  const owner = { login: "owner@lantern-tea.example", password, name: "掌柜" };
  const { accessToken } = await createClient(contracts, { baseUrl: url }).access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "灯笼茶",
    login: owner.login,
    displayName: owner.name,
    password,
  });
  const api = asOwner(url, accessToken);
  const roles = await api.access.listRoles();
  const roleIds = roles.items.filter(({ builtIn }) => builtIn === "operator").map(({ id }) => id);
  const operator = { login: "qing@lantern-tea.example", password, name: "阿青" };
  await api.access.createAccount({ login: operator.login, displayName: operator.name, password, roleIds });
  return { owner, operator, api };
}

function asOwner(baseUrl: string, accessToken: string) {
  return createClient(contracts, { baseUrl, headers: () => ({ authorization: `Bearer ${accessToken}` }) });
}
