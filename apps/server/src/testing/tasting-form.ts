import type { Api } from "./test-server.ts";

const words = (zh: string, en: string) => ({ label: { zh, en } });
const teas = {
  oolong: { zh: "桂花乌龙", en: "Osmanthus oolong" },
  white: { zh: "陈皮白茶", en: "Tangerine white" },
  iron: { zh: "炭焙铁观音", en: "Roasted Tieguanyin" },
};
const ways = { shop: { zh: "到店", en: "At the shop" }, home: { zh: "在家品尝", en: "At home" } };

/** A sign-up for a tasting: two steps, what depends on other answers, rows, and a number that is computed. */
const tasting = {
  schema: {
    type: "object",
    required: ["name", "how", "teas"],
    properties: {
      name: { type: "string", maxLength: 20 },
      phone: { type: "string", pattern: String.raw`^1\d{10}$` },
      how: { type: "string", enum: Object.keys(ways) },
      address: { type: "string", maxLength: 100 },
      day: { type: "string", format: "date" },
      teas: { type: "array", minItems: 1, items: { type: "string", enum: Object.keys(teas) }, uniqueItems: true },
      guests: {
        type: "array",
        maxItems: 5,
        items: { type: "object", required: ["who"], properties: { who: { type: "string", maxLength: 20 } } },
      },
      guestCount: { type: "integer" },
      note: { type: "string", maxLength: 500 },
    },
  },
  ui: {
    fields: {
      name: words("姓名", "Name"),
      phone: {
        ...words("手机号", "Mobile number"),
        kind: "phone",
        input: "text",
        rule: { zh: "请填写 11 位手机号", en: "Please enter a mobile number of 11 digits" },
      },
      how: { ...words("怎么参加", "Where"), input: "radio", choices: ways },
      address: { ...words("寄送地址", "Where to send it"), showWhen: { field: "how", is: "eq", value: "home" } },
      day: { ...words("哪一天", "Which day"), showWhen: { field: "how", is: "eq", value: "shop" } },
      teas: { ...words("想尝的茶", "Teas to taste"), choices: teas },
      guests: words("同行的人", "Guests"),
      "guests.who": words("称呼", "Name"),
      guestCount: {
        ...words("同行人数", "How many guests"),
        compute: { rows: "guests", count: true },
        readBy: "forms:read",
      },
      note: words("备注", "Note"),
    },
    steps: [
      { name: "who", ...words("您的信息", "About you"), fields: ["name", "phone", "how", "address", "day"] },
      { name: "taste", ...words("品茶", "The tasting"), fields: ["teas", "guests", "guestCount", "note"] },
    ],
  },
};

const answers = [
  { name: "小满", phone: "13800000001", how: "shop", day: "2026-12-05", teas: ["oolong"], guests: [{ who: "老周" }] },
  { name: "白露", how: "home", address: "灯笼巷 8 号", teas: ["white", "iron"], guests: [], note: "不要太浓" },
  { name: "米粒", how: "shop", day: "2026-12-06", teas: ["iron"], guests: [{ who: "木木" }, { who: "陈果" }] },
] as const;

/** Lantern Tea asks who comes to its tasting: a first version, the one that is open now, and who has answered it. */
export async function openTasting({ forms }: Api): Promise<string> {
  const { id: formId, revision } = await forms.create({ name: "品茶会报名" });
  const first = { schema: { type: "object", properties: { name: { type: "string", title: "姓名" } } } };
  await forms.saveDraft({ formId, draft: first, ifMatch: revision });
  await forms.publish({ formId, ifMatch: revision + 1 });
  await forms.saveDraft({ formId, draft: tasting, ifMatch: revision + 1 });
  await forms.publish({ formId, ifMatch: revision + 2 });
  for (const answer of answers) await forms.answer({ formId, version: 2, answers: answer });
  return formId;
}
