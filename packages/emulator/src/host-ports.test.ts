import { afterAll, beforeAll, expect, test } from "vitest";
import { type Emulator, startEmulator } from "./emulator.ts";

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ seed: 3, hostPorts: { api: 0, mp: 0, open: 0, file: 0 } });
  await emulator.world.seed({ accounts: [{ appid: "wxlantern", secret: "lantern" }], puppets: [{ id: "tea" }] });
});
afterAll(() => emulator.stop());

async function errcode(family: keyof Emulator["hosts"], path: string): Promise<unknown> {
  const answer = await fetch(`${emulator.hosts[family]}${path}`);
  return ((await answer.json()) as { errcode?: number }).errcode ?? 0;
}
const token = "/cgi-bin/token?grant_type=client_credential&appid=wxlantern&secret=lantern";

test("each host serves its own, and what another one serves isn't there", async () => {
  expect(await errcode("api", token)).toBe(0);
  for (const family of ["mp", "open", "file"] as const) expect(await errcode(family, token)).toBe(40066);
  expect(await errcode("api", "/cgi-bin/showqrcode?ticket=x")).toBe(40066);
  expect((await fetch(`${emulator.hosts.mp}/cgi-bin/showqrcode?ticket=x`)).status).not.toBe(200);
  expect(await errcode("file", "/cgi-bin/media/get?media_id=x")).toBe(41001);
  expect(await errcode("mp", "/cgi-bin/media/get?media_id=x")).toBe(40066);
  const consent = "/connect/oauth2/authorize?appid=wxlantern&redirect_uri=https%3A%2F%2Ftea.example&response_type=code";
  expect(await (await fetch(`${emulator.hosts.open}${consent}&scope=snsapi_base`)).text()).toContain("<html");
  expect((await fetch(`${emulator.hosts.open}/assets/base.css`)).status).toBe(200);
  expect(await errcode("api", consent)).toBe(40066);
});

test("the pages and the control API are at the emulator's own port alone", async () => {
  for (const path of ["/", "/emulator/world", "/emulator/health"]) {
    for (const family of ["api", "mp", "open", "file"] as const) expect(await errcode(family, path)).toBe(40066);
  }
  expect((await fetch(`${emulator.url}/emulator/health`)).status).toBe(200);
  expect((await fetch(`${emulator.url}${token}`)).status).toBe(200);
});

test("a port that is taken gives all the others back", async () => {
  const taken = Number(new URL(emulator.hosts.file ?? "").port);
  await expect(startEmulator({ hostPorts: { api: 0, file: taken } })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
