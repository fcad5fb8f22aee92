import { randomBytes } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { multipart } from "../../contract/body.ts";
import { authenticated } from "../../contract/permission.ts";
import { contract, route, type Flat } from "../../contract/route.ts";
import { openKitServer, type KitServer } from "../../testing/server.ts";
import type { Ctx } from "../ctx.ts";
import { defineModule } from "../module.ts";

const teas = contract("teas", {
  label: route.post("/labels/:shelf", {
    summary: "A form with files",
    access: authenticated,
    effect: "change",
    params: z.object({ shelf: z.string() }),
    body: multipart({
      fields: z.object({ title: z.string().min(1), grams: z.coerce.number().int() }),
      files: {
        photo: { maxBytes: 10_000, contentTypes: ["image/*"] },
        notes: { maxBytes: 100, optional: true },
      },
    }),
    reply: z.object({ title: z.string(), grams: z.int(), photo: z.string(), notes: z.string().nullable() }),
  }),
});

@Injectable()
class Labels {
  label(_ctx: Ctx, { shelf, title, grams, photo, notes }: Flat<typeof teas.label>) {
    const text = notes === undefined ? null : Buffer.from(notes.bytes).toString();
    return { title: `${shelf}/${title}`, grams, photo: `${photo.fileName} ${photo.bytes.length}`, notes: text };
  }
}

const member = "mei#";
let server: KitServer<{ teas: typeof teas }>;

beforeAll(async () => {
  const module = defineModule(teas, {
    services: { labels: Labels },
    routes: ({ labels }) => ({ label: labels.label }),
  });
  server = await openKitServer(inject("clusterUrl"), { teas }, { modules: [module] });
});
afterAll(() => server.close());

const photo = new File([randomBytes(500)], "乌龙.png", { type: "image/png" });
const form = (parts: Record<string, string | Blob>, more: [string, string][] = []) => {
  const body = new FormData();
  for (const [name, value] of [...Object.entries(parts), ...more]) body.append(name, value);
  return body;
};
const send = async (body: string | FormData, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}/api/labels/a`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${member}`, ...headers },
  });
  return { status: response.status, ...((await response.json()) as { code?: string; errors?: { field: string }[] }) };
};

test("fields are parsed, files come with name and type, an optional one may lack", async () => {
  const api = server.as(member);
  const labelled = await api.teas.label({ shelf: "a", title: "春茶", grams: "250", photo });
  expect(labelled).toEqual({ title: "a/春茶", grams: 250, photo: "乌龙.png 500", notes: null });
  const notes = new Blob(["floral"], { type: "text/plain" });
  expect(await api.teas.label({ shelf: "a", title: "x", grams: 1, photo, notes })).toMatchObject({ notes: "floral" });
});

test.each<
  [what: string, parts: Record<string, string | Blob>, more: [string, string][], status: number, field: string]
>([
  ["a file that lacks", { title: "x", grams: "1" }, [], 400, "photo"],
  ["a field that lacks", { grams: "1", photo }, [], 400, "title"],
  ["a field that isn't declared", { title: "x", grams: "1", photo, owner: "me" }, [], 400, ""],
  ["a field that comes twice", { title: "x", grams: "1" }, [["title", "y"]], 400, "title"],
  ["a prototype", { title: "x", __proto__x: "1" }, [], 400, "__proto__x"],
  ["a file that isn't declared", { title: "x", grams: "1", virus: photo }, [], 400, "virus"],
  ["text where a file is expected", { title: "x", grams: "1", photo: "no file" }, [], 400, "photo"],
  ["a file that is too large", { photo: new File([randomBytes(10_001)], "x", { type: "image/png" }) }, [], 413, ""],
  ["a file of another type", { photo: new File(["x"], "x", { type: "text/html" }) }, [], 415, ""],
])("%s is refused", async (_, parts, more, status, field) => {
  const problem = await send(form(parts, more));
  expect(problem.status).toBe(status);
  if (field !== "") expect(problem.errors?.map((each) => each.field)).toContain(field);
});

test("what isn't a form, or breaks off, is refused, and the server lives on", async () => {
  expect(await send("{}", { "content-type": "application/json" })).toMatchObject({ status: 415 });
  const headless = { "content-type": "multipart/form-data; boundary=x" };
  expect(await send('--x\r\ncontent-disposition: form-data; name="title"\r\n\r\nhal', headless)).toMatchObject({
    status: 400,
  });
  expect(await send("", { "content-type": "multipart/form-data" })).toMatchObject({ status: 400 });
  expect(await send(form({ title: "x", grams: "1", photo }))).toMatchObject({ status: 200 });
});

test("OpenAPI tells what the form is made of", async () => {
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  const { paths } = document;
  expect(paths["/api/labels/{shelf}"]?.["post"]).toMatchObject({
    "x-effect": "change",
    requestBody: {
      content: {
        "multipart/form-data": {
          schema: { required: ["title", "grams", "photo"], properties: { photo: { format: "binary" } } },
          encoding: { photo: { contentType: "image/*" } },
        },
      },
    },
  });
});
