import { nestFields, flatFields } from "@zhanggui/kit/contract/query-string";
import { audience } from "@zhanggui/server/engines/audience/audience.contract";
import { events } from "@zhanggui/server/foundation/events/events.contract";
import { links } from "@zhanggui/server/foundation/links/links.contract";
import { expect, test } from "vitest";
import { callOf, readState, writeState } from "../list/list-state.ts";
import { addressOf } from "./where.ts";

const zone = "Asia/Shanghai";
/** As the server has it: every value a text. */
const sent = (call: Record<string, unknown>) =>
  nestFields(Object.fromEntries(Object.entries(call).flatMap(([name, value]) => flatFields(name, value))));

test.each([
  [audience.listPeople.list, { search: "王", following: "true", lastSeenAt: "2026-11-01..2026-11-24" }],
  [links.list.list, { createdAt: "..2026-11-24" }],
  [events.deadLetters.list, { updatedAt: "2026-11-01.." }],
])("a list's address becomes a call, and the call the same address", (info, address) => {
  const state = readState(address, info);
  expect(writeState(state)).toEqual(address);
  expect(addressOf(sent(callOf(state, info, zone, "2026-11-24")), info, zone)).toEqual(address);
});
