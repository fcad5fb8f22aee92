import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { openHouse, type Member, type OpenHouse, type OpenHouseOptions } from "./house.ts";
import { bindLanternTea, type Bound } from "./lantern-tea.ts";

/** A house with WeChat beside it, one clock between them, and Lantern Tea bound. */
export interface TeaHouse {
  readonly house: OpenHouse;
  readonly emulator: Emulator;
  readonly owner: Member;
  readonly bound: Bound;
  /** Works everything off on both sides, receipts included. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function openTeaHouse(clusterUrl: string, options: OpenHouseOptions = {}): Promise<TeaHouse> {
  const clock = new TurnableClock();
  const emulator = await startEmulator({ clock });
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl, ...options.env };
  const house = await openHouse(clusterUrl, { clock, ...options, env });
  const owner = await house.asOwner();
  const bound = await bindLanternTea(owner, emulator.world, house.url);
  return {
    house,
    emulator,
    owner,
    bound,
    settle: async () => {
      await house.drain();
      await emulator.world.settle();
      await house.drain();
    },
    close: async () => {
      await house.close();
      await emulator.stop();
    },
  };
}
