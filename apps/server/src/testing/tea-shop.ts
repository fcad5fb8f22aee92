import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openTestServer, type Member, type TestServer, type TestServerOptions } from "./test-server.ts";
import { bindLanternTea, type Bound } from "./lantern-tea.ts";

/** A server with WeChat beside it, one clock between them, and Lantern Tea bound. */
export interface TeaShop {
  readonly server: TestServer;
  readonly emulator: Emulator;
  readonly owner: Member;
  readonly bound: Bound;
  /** Works everything off on both sides, receipts included. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function openTeaShop(clusterUrl: string, options: TestServerOptions = {}): Promise<TeaShop> {
  const clock = new TurnableClock();
  const emulator = await startEmulator({ clock });
  const env = {
    WECHAT_API_URL: emulator.url,
    WECHAT_MP_URL: emulator.url,
    WECHAT_OPEN_URL: emulator.url,
    SMTP_URL: emulator.smtpUrl,
    SMS_URL: emulator.smsUrl,
    SMS_API_URL: emulator.url,
    ...options.env,
  };
  const server = await openTestServer(clusterUrl, { clock, ...options, env });
  const owner = await server.asOwner();
  const bound = await bindLanternTea(owner, emulator.world, server.url);
  return {
    server,
    emulator,
    owner,
    bound,
    settle: async () => {
      await server.runUntilIdle();
      await emulator.world.settle();
      await server.runUntilIdle();
    },
    close: async () => {
      await server.close();
      await emulator.stop();
    },
  };
}
