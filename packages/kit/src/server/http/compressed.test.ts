import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import { field } from "../../contract/field.ts";
import { Id } from "../../contract/ids.ts";
import { list } from "../../contract/list.ts";
import { authenticated } from "../../contract/permission.ts";
import { route } from "../../contract/route.ts";
import { compressed } from "./compressed.ts";

const name = { zh: "壶", en: "Pot" };
const pots = list("/pots", {
  item: z.object({ id: Id, name: field(z.string(), name) }),
  noun: { ...name, plural: "pots" },
  access: authenticated,
});
const pot = route.get("/pots/secret", { summary: "A pot", access: authenticated, reply: z.object({}) });
const text = JSON.stringify({ items: Array.from({ length: 100 }, (_, n) => ({ name: `紫砂壶 ${n}` })) });

test.each([
  ["gzip, deflate, br, zstd", "br"],
  ["gzip", "gzip"],
  ["br;q=0, gzip;q=0.5", "gzip"],
  ["br; q=0.000 , identity", undefined],
  ["", undefined],
  [undefined, undefined],
])("a long page of a list goes to whoever takes %s as %s, and is the same", async (accepted, encoding) => {
  const made = await compressed(pots, text, accepted);
  expect(made?.encoding).toBe(encoding);
  if (made === undefined) return;
  expect((made.encoding === "br" ? brotliDecompressSync : gunzipSync)(made.body).toString()).toBe(text);
  expect(made.body.length).toBeLessThan(text.length / 3);
});

test("what is short, and what isn't a list, goes as it is", async () => {
  expect(await compressed(pots, "{}", "br")).toBeUndefined();
  expect(await compressed(pot, text, "br")).toBeUndefined();
});
