import { expect, test } from "vitest";
import { scannedChannel } from "./scanned-channel.ts";

const poster = { scene: "c_7", name: "门店海报" };
const flyer = { scene: "qrscene_", name: "传单" };

test.for(["qrscene_c_7", "c_7"])("%s is the poster's code", (EventKey) => {
  expect(scannedChannel({ content: { EventKey } }, [flyer, poster])).toBe(poster);
});

test.for([{}, { EventKey: "" }, { EventKey: 7 }, { EventKey: "c_8" }, { EventKey: "x_qrscene_c_7" }])(
  "%o names no channel",
  (content) => {
    expect(scannedChannel({ content }, [flyer, poster])).toBeUndefined();
  },
);
