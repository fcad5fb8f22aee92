import { isJson } from "@zhanggui/kit/contract/body";
import type { Contract, Route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { expect, test } from "vitest";
import { z } from "zod";
import { contracts } from "./contracts.ts";

/**
 * The reply's shape is all that stands between a row and the wire: what it doesn't name is stripped. These places let
 * everything through, each for a reason.
 */
/** Null in place of a secret, wherever one is. */
const ofSettings = Object.fromEntries(
  ["change", "clear", "generate setting", "list items[]", "rollBack"].flatMap((view) => {
    const [route = "", place = ""] = view.split(" ");
    const at = (field: string) => `settings.${route} ${place === "" ? "" : `${place}.`}${field}`;
    const values = ["below[].value", "default", "layers[].value", "value"].map(
      (field) => [at(field), "a setting's own shape, parsed when it was written"] as const,
    );
    return [...values, [at("schema"), "a JSON Schema"] as const];
  }),
);
const open: Readonly<Record<string, string>> = {
  "audience.timeline items[].details": "what a kind of entry tells is its writer's",
  "audit.get entry.changes[].after": "whatever a column holds",
  "audit.get entry.changes[].before": "whatever a column held",
  "audit.get entry.changes[].field.choices": "words by value",
  "audit.get entry.details": "what the act was about",
  "audit.get related[].changes[].after": "whatever a column holds",
  "audit.get related[].changes[].before": "whatever a column held",
  "audit.get related[].changes[].field.choices": "words by value",
  "audit.get related[].details": "what the act was about",
  "codes.challenge parameters": "ALTCHA's own, as its solvers take them",
  "codes.solver": "a script",
  "connect.listInbound items[].content": "WeChat's own fields, as they came",
  "sms.takePush": "what its carrier wants to hear",
  "connect.receive": "WeChat's protocol: XML or JSON, sealed",
  "connect.verifyCallback": "WeChat's protocol: the echo",
  "customers.follow notice.details": "what each kind of notice tells: whoever tells it says so by hand",
  "customers.page": "a page",
  "customers.pageFile": "what that page loads",
  "events.get payload": "an event's own shape, parsed when it was written",
  "events.list items[].payload": "an event's own shape, parsed when it was written",
  "files.beginUpload": "nothing but the headers that tus asks for",
  "files.download": "a file as it is stored, only ever saved",
  "files.endUpload": "nothing but the headers that tus asks for",
  "files.getUpload": "nothing but the headers that tus asks for",
  "files.open": "a file as it is stored, only ever saved",
  "files.sendUpload": "nothing but the headers that tus asks for",
  "files.thumbnail": "a picture that the server drew",
  "forms.create draft.schema": "what an operator made, looked through by packages/forms before it is kept",
  "forms.create draft.ui": "what an operator made, looked through by packages/forms before it is kept",
  "forms.exportAnswers": "a file: a column for each field that the caller may see",
  "forms.get draft.schema": "what an operator made, looked through by packages/forms before it is kept",
  "forms.get draft.ui": "what an operator made, looked through by packages/forms before it is kept",
  "forms.getAnswer answers": "what a made form's fields are called, its maker says; what the caller may not see is out",
  "forms.getAnswer form": "a form as plain data, without what the caller may not see",
  "forms.getVersion made.schema": "what an operator made, looked through by packages/forms before it is kept",
  "forms.getVersion made.ui": "what an operator made, looked through by packages/forms before it is kept",
  "forms.open form": "a form as plain data, without what the caller may not see",
  "forms.saveDraft draft.schema": "what an operator made, looked through by packages/forms before it is kept",
  "forms.saveDraft draft.ui": "what an operator made, looked through by packages/forms before it is kept",
  "forms.takeBack draft.schema": "what an operator made, looked through by packages/forms before it is kept",
  "forms.takeBack draft.ui": "what an operator made, looked through by packages/forms before it is kept",
  "imports.template": "a file that only says what columns there are",
  "logs.list items[].fields": "what a line of the log says is its writer's",
  "materials.picture": "a picture of the library, of the types that browsers only draw",
  "messaging.createScene items[]<wechat_template>.data": "template fields are named by whoever made the template",
  "messaging.deliveryPicture": "a picture that was sent, as it is stored",
  "messaging.getDelivery content": "what was sent: template fields, or a mail's subject and text",
  "messaging.getDelivery steps[].details": "what a step tells is its writer's",
  "messaging.retryReply sent.content": "what was written: a text, a picture, a card",
  "messaging.sceneHistory items[].items[]<wechat_template>.data":
    "template fields are named by whoever made the template",
  "messaging.listScenes items[].items[]<wechat_template>.data":
    "template fields are named by whoever made the template",
  "messaging.noteConversation sent.content": "what was written: a text, a picture, a card",
  "messaging.pictureSaid": "a picture that a customer sent, of the types that browsers only draw",
  "messaging.pictureSent": "a picture that was sent to a customer, of the types that browsers only draw",
  "messaging.readThread items[].sent.content": "what was sent: a reply's text, template fields, or a mail's",
  "messaging.reply sent.content": "what was sent",
  "messaging.updateScene items[]<wechat_template>.data": "template fields are named by whoever made the template",
  ...ofSettings,
  "settings.history items[].value": "a setting's own shape, parsed when it was written",
  "settings.rollAllBack items[].after": "a setting's own shape, parsed when it was written",
  "settings.rollAllBack items[].before": "a setting's own shape, parsed when it was written",
  "views.create query": "what a list's address says: texts by the names of its filters",
  "views.list items[].query": "what a list's address says",
  "views.share query": "what a list's address says",
  "views.update query": "what a list's address says",
  "webhooks.listEvents items[].schema": "a JSON Schema",
  "work.get body": "what a bulk route was asked, for whoever asked",
  "work.get query": "what a bulk route was asked, for whoever asked",
};

test("every reply is strict all the way down, but for these", () => {
  const found = routesOf(contracts).flatMap(openPlacesOf);
  expect(found.toSorted()).toEqual(Object.keys(open).toSorted());
});

test.each<[what: string, shape: z.ZodType]>([
  ["a record", z.record(z.string(), z.string())],
  ["a loose object", z.looseObject({ name: z.string() })],
  ["a catch-all", z.object({}).catchall(z.string())],
  ["unknown", z.unknown()],
  ["any", z.any()],
  ["a custom check", z.custom<string>()],
  ["a map", z.map(z.string(), z.string())],
])("%s is seen, however deep it lies", (_, shape) => {
  const wrapped = [
    z.object({ a: shape }),
    z.object({ a: z.array(z.object({ b: shape.optional() })) }),
    z.union([z.string(), z.tuple([shape])]),
    z.lazy(() => shape.nullable()),
    z.object({ a: z.string() }).and(z.object({ b: shape.default("x") })),
    z.preprocess((value) => value, shape),
  ];
  for (const each of wrapped) expect(loosePlaces(each, "")).toHaveLength(1);
});

function routesOf(all: Readonly<Record<string, Contract>>): Route[] {
  return Object.values(all).flatMap((contract) => Object.values(contract));
}

function openPlacesOf({ id, reply }: Route): string[] {
  if (isJson(reply)) return loosePlaces(reply, "").map((path) => `${id} ${path}`.trimEnd());
  if (reply.kind !== "events") return reply.kind === "redirect" ? [] : [id];
  return Object.entries(reply.events).flatMap(([event, shape]) =>
    loosePlaces(shape, event).map((path) => `${id} ${path}`),
  );
}

/** Where a shape lets through what it doesn't name. A kind of shape that isn't known here counts as loose. */
function loosePlaces(schema: z.core.$ZodType, path: string): string[] {
  // What `field()` makes of it is a copy with the same definition.
  if ((schema as z.ZodType).def === Instant.def) return [];
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const inside = (inner: z.core.$ZodType, name = "") => loosePlaces(inner, path + name);
  const isClosed = (rest: z.core.$ZodType | undefined): boolean => rest === undefined || rest._zod.def.type === "never";
  switch (def.type) {
    case "object":
      return isClosed(def.catchall)
        ? Object.entries(def.shape).flatMap(([key, value]) => inside(value, path === "" ? key : `.${key}`))
        : [path];
    case "array":
      return inside(def.element, "[]");
    case "tuple":
      return [...def.items, ...(def.rest === null ? [] : [def.rest])].flatMap((item) => inside(item, "[]"));
    case "union":
      return def.options.flatMap((option) => inside(option, kindOf(option)));
    case "intersection":
      return [...inside(def.left), ...inside(def.right)];
    case "optional":
    case "nullable":
    case "default":
    case "readonly":
      return inside(def.innerType);
    case "record":
      // Numbers by the name of what they count.
      return (def.valueType as z.ZodType).def.type === "number" ? [] : [path];
    case "lazy":
      return inside(def.getter());
    case "pipe":
      return inside(def.out);
    case "string":
    case "number":
    case "boolean":
    case "bigint":
    case "enum":
    case "literal":
    case "null":
      return [];
    default:
      return [path];
  }
}

/** What tells one option of a union from the others: its first literal. */
function kindOf(option: z.core.$ZodType): string {
  const { def } = (option as z.core.$ZodTypes)._zod;
  if (def.type !== "object") return "";
  const literals = Object.values(def.shape).flatMap((field) => {
    const inner = (field as z.core.$ZodTypes)._zod.def;
    return inner.type === "literal" ? inner.values : [];
  });
  return literals.length === 0 ? "" : `<${String(literals[0])}>`;
}
