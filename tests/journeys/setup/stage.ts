import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { createClient } from "@zhanggui/kit/contract/client";
import { cloneOfTemplate } from "@zhanggui/kit/testing/database";
import { migrationFolders } from "@zhanggui/server/migrations";
import { contracts } from "@zhanggui/server/contracts";
import { testSecrets } from "@zhanggui/server/testing/test-server";
import { type Browser, chromium } from "playwright-core";
import { demandBrowser } from "../../../tools/browser.ts";
import { freePort } from "../../../tools/postgres.ts";
import { inRoot } from "../../../tools/zg/paths.ts";
import { createProgress } from "../../../tools/zg/progress.ts";
import { build } from "../../../tools/zg/setup.ts";
import { startServer } from "../../setup/server-process.ts";

/** Nothing that calls home, and no sandbox, which a container's root can't have. */
const browserFlags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const password = "correct horse battery";

/** What a journey plays on: a browser, the real server with the built console, and WeChat's stand-in. */
export interface Stage {
  readonly browser: Browser;
  /** Where the console is. */
  readonly url: string;
  readonly emulator: Emulator;
  readonly operator: { readonly login: string; readonly password: string; readonly name: string };
  /** What the server wrote, for the message of a failing journey. */
  serverOutput(): string;
  close(): Promise<void>;
}

/**
 * Builds the console if its sources have changed, and starts everything on free ports. Lantern Tea's owner has set the
 * server up and opened an account for an operator; nothing else is there.
 *
 * @param clusterUrl a superuser's address of the test cluster
 */
export async function setStage(clusterUrl: string): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const executablePath = demandBrowser();
    await build(createProgress(process.stdout));
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
      SMTP_URL: emulator.smtpUrl,
      CONSOLE_DIR: inRoot("apps/console/dist"),
    });
    closers.push(() => server.stop());
    const operator = await openLanternTea(url);
    const browser = await chromium.launch({ executablePath, args: browserFlags });
    closers.push(() => browser.close());
    return { browser, url, emulator, operator, serverOutput: () => server.output(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The owner sets the server up and gives an operator an account. */
async function openLanternTea(url: string): Promise<Stage["operator"]> {
  const baseUrl = url;
  const { accessToken } = await createClient(contracts, { baseUrl }).access.setup({
    setupToken: testSecrets.SETUP_TOKEN,
    tenantName: "灯笼茶",
    login: "owner@lantern-tea.example",
    displayName: "掌柜",
    password,
  });
  const owner = createClient(contracts, { baseUrl, headers: () => ({ authorization: `Bearer ${accessToken}` }) });
  const roles = await owner.access.listRoles();
  const roleIds = roles.items.filter(({ builtIn }) => builtIn === "operator").map(({ id }) => id);
  const operator = { login: "qing@lantern-tea.example", password, name: "阿青" };
  await owner.access.createAccount({ login: operator.login, displayName: operator.name, password, roleIds });
  return operator;
}
