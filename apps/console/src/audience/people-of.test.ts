import { afterEach, expect, test, vi } from "vitest";
import { createApp, nextTick, shallowRef } from "vue";
import { api } from "../common/api.ts";
import { signedIn } from "../common/signed-in.ts";
import { type Openid, usePeopleOf } from "./people-of.ts";

const find = vi.spyOn(api.audience, "findByOpenid");
afterEach(() => find.mockReset());
const row = (openid: string, wechatAppId = "a1"): Openid => ({ openid, wechatAppId });

function open(permissions: string[]) {
  signedIn.me = { permissions } as unknown as typeof signedIn.me;
  const rows = shallowRef<readonly Openid[]>([]);
  let personOf: ReturnType<typeof usePeopleOf> | undefined;
  createApp({
    setup: () => {
      personOf = usePeopleOf(() => rows.value);
      return () => null;
    },
  }).mount(document.createElement("div"));
  return { rows, personOf: personOf! };
}

test("each openid is asked for once, and is one person's at one account", async () => {
  find.mockResolvedValueOnce({ items: [{ ...row("o1"), personId: "p1", displayName: "小满" }] });
  find.mockResolvedValueOnce({ items: [] });
  const { rows, personOf } = open(["audience:read"]);
  rows.value = [row("o1"), row("o1"), row("o2")];
  await nextTick();
  expect(find.mock.calls[0]?.[0]).toEqual({ openids: ["o1", "o2"] });
  await expect.poll(() => personOf(row("o1"))?.displayName).toBe("小满");
  expect(personOf(row("o1", "a2"))).toBeUndefined();
  expect(personOf(row("o2"))).toBeUndefined();
  rows.value = [...rows.value, row("o3")];
  await nextTick();
  expect(find.mock.calls[1]?.[0]).toEqual({ openids: ["o3"] });
});

test("who may not see people is shown openids, and nothing is asked", async () => {
  const { rows, personOf } = open([]);
  rows.value = [row("o1")];
  await nextTick();
  expect(find).not.toHaveBeenCalled();
  expect(personOf(row("o1"))).toBeUndefined();
});
