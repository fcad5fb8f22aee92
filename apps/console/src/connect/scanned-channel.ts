import type { Channel, Inbound } from "@zhanggui/server/engines/connect/connect.contract";
import type { z } from "zod";

/** How WeChat marks the scene of a code that brought a new follower; a follower's later scan has the bare scene. */
const scenePrefix = "qrscene_";

/** The channel whose code a push came by, if the push names one of `channels`. */
export function scannedChannel<Known extends Pick<z.output<typeof Channel>, "scene">>(
  { content }: Pick<z.output<typeof Inbound>, "content">,
  channels: readonly Known[],
): Known | undefined {
  const { EventKey } = content;
  if (typeof EventKey !== "string" || EventKey === "") return undefined;
  const scene = EventKey.startsWith(scenePrefix) ? EventKey.slice(scenePrefix.length) : EventKey;
  return channels.find((channel) => channel.scene === scene);
}
