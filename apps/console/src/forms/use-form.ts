import type { Call } from "@zhanggui/kit/contract/client";
import { newId } from "@zhanggui/kit/contract/new-id";
import type { Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { type Access, declaredAccess, formFor } from "@zhanggui/forms/access";
import { errorsOf } from "@zhanggui/forms/errors";
import { type Form, formOf } from "@zhanggui/forms/form";
import { blank, type FormState, stateOf, trimmed } from "@zhanggui/forms/form-state";
import { isEmpty, valueAt, type Values, withValue } from "@zhanggui/forms/values";
import { computed, nextTick, shallowRef } from "vue";
import type { z } from "zod";
import { useAction } from "../common/loading.ts";
import { inLanguage } from "../common/language.ts";
import { signedIn } from "../common/signed-in.ts";
import { ownTrouble, type Trouble, troubleOf } from "../common/trouble.ts";
import { changedIn, isSecret, useDraft } from "./draft.ts";

type Send = (input: Values, options: { readonly idempotencyKey: string }) => Promise<unknown>;
type Check = (sent: Values) => Promise<LocalizedText | null>;

export interface FormOptions {
  /** What stands in the form at first. */
  readonly initial: Values;
  /** What is sent besides, as it is by then: the id in the address, a version. */
  readonly fixed: Values;
  /** Tells this form from others of the same route. */
  readonly draftKey: string;
  /** What is asked for, where the route's body doesn't say it. */
  readonly form?: Form | undefined;
  /** What speaks against sending this; who sends the same again is sure. */
  readonly check?: Check | undefined;
  /** With the reply, and what was sent. */
  readonly onSaved: (reply: unknown, sent: Values) => void;
}

/** A route's form: what is typed, what is wrong with it, and its sending. */
export function useForm<R extends Route>(call: Call<R>, options: FormOptions) {
  const { initial, draftKey, form: given, check, onSaved } = options;
  const { route } = call as { route: Route };
  const asked = given ?? askedOf(route);
  const start: Values = { ...blank(asked), ...initial };
  const isChange = route.method === "patch";
  const send = call as unknown as Send;
  return useFilling({
    form: isChange ? changing(asked, start) : asked,
    start,
    draftName: `${route.id}:${draftKey}`,
    // A PATCH says what changes: what somebody else changed meanwhile stays.
    toSend: (whole, form) => (isChange ? changedIn(whole, trimmed(form, start)) : whole),
    check: check && ((sent) => check({ ...sent, ...options.fixed })),
    send: (sent, once) => send({ ...sent, ...options.fixed }, once),
    onSaved,
  });
}

export interface Filling {
  readonly form: Form;
  /** What stands in it at first. */
  readonly start: Values;
  readonly draftName: string;
  /** Of all that was typed, what is sent. */
  readonly toSend?: (whole: Values, form: Form) => Values;
  readonly check?: Check | undefined;
  /** What speaks against all of it, and is no field's: nothing is sent then. */
  readonly refuses?: (whole: Values) => LocalizedText | undefined;
  readonly send: Send;
  /** Where its values stand in what the server is sent: `answers.`; what it refuses is named so. */
  readonly within?: string;
  readonly onSaved: (reply: unknown, sent: Values) => void;
}

/** Any form: what is typed, what is wrong with it, and its sending. */
export function useFilling({ form, start, draftName, toSend, check, refuses, send, within = "", onSaved }: Filling) {
  const draft = useDraft(draftName, form, start);
  const { values } = draft;
  /** What somebody wanted to go on from, or all: only there is told what is missing. */
  const tried = shallowRef<ReadonlySet<string> | "all">(new Set());
  const trouble = shallowRef<Trouble>();
  /** What was sent when the server refused: its sentences hold as long as their fields stand as they were. */
  const refused = shallowRef<Values>();
  const state = computed(() => stateOf(form, values.value));
  const own = computed(() => sentencesOf(form, values.value));
  const errors = computed<Readonly<Record<string, string>>>(() => {
    const refusals = Object.entries(trouble.value?.fields ?? {})
      .filter(([path]) => valueAt(refused.value, path) === valueAt(values.value, path))
      .map(([path, sentence]) => [fieldAt(state.value, path) ?? path, sentence]);
    return { ...Object.fromEntries(refusals), ...Object.fromEntries(Object.entries(own.value).filter(wasTried)) };
  });
  const wasTried = ([path]: readonly [path: string, sentence: string]): boolean =>
    tried.value === "all" || [...tried.value].some((name) => isOf(name, path));
  /** Says what is wrong with some fields. Whether nothing is. */
  const tryFields = (names: readonly string[]): boolean => {
    if (tried.value !== "all") tried.value = new Set([...tried.value, ...names]);
    const isWrong = names.some((name) => Object.keys(errors.value).some((path) => isOf(name, path)));
    if (isWrong) void focusFirstError();
    return !isWrong;
  };

  /** What the check said, and of which values. */
  const told = shallowRef<{ readonly of: Values; readonly text: LocalizedText }>();
  const warning = computed(() => (told.value?.of === values.value ? told.value.text : undefined));

  /** The same content under the same key: asked again after a lost answer, it happens once. */
  let attempt = { content: "", key: "" };
  const { isBusy, run: submit } = useAction(
    async () => {
      tried.value = "all";
      trouble.value = undefined;
      if (Object.keys(own.value).length > 0) return focusFirstError();
      const whole = trimmed(form, values.value);
      const refusal = refuses?.(whole);
      if (refusal !== undefined) return void (trouble.value = ownTrouble(inLanguage(refusal)));
      const sent = toSend?.(whole, form) ?? whole;
      const against = warning.value === undefined ? await check?.(sent) : undefined;
      if (against) return void (told.value = { of: values.value, text: against });
      const content = JSON.stringify(sent);
      if (content !== attempt.content) attempt = { content, key: newId(new Date()) };
      const reply = await send(sent, { idempotencyKey: attempt.key });
      draft.discard();
      onSaved(reply, sent);
    },
    (error) => {
      refused.value = values.value;
      trouble.value = inside(troubleOf(error), within);
      void focusFirstError();
    },
  );
  /** What stands at its field needs no second place, also once that field was changed; what has no field here does. */
  const saidBelow = computed((): Trouble | undefined => {
    const told = Object.entries(trouble.value?.fields ?? {});
    const elsewhere = told.filter(([path]) => fieldAt(state.value, path) === undefined).map(([, sentence]) => sentence);
    if (trouble.value === undefined || told.length === 0) return trouble.value;
    return elsewhere.length === 0 ? undefined : { ...trouble.value, sentence: [...new Set(elsewhere)].join("\n") };
  });
  const reset = (): void => {
    draft.reset();
    tried.value = new Set();
    trouble.value = undefined;
  };
  const set = (path: string, value: unknown): void => void (values.value = withValue(values.value, path, value));
  return { ...draft, form, state, set, errors, trouble, saidBelow, warning, isBusy, submit, reset, tryFields };
}

const isOf = (name: string, path: string): boolean => path === name || path.startsWith(`${name}.`);

/** What was refused, named as the form names it. */
function inside(trouble: Trouble, within: string): Trouble {
  const fields = Object.entries(trouble.fields).map(([path, sentence]) => [
    path.startsWith(within) ? path.slice(within.length) : path,
    sentence,
  ]);
  return { ...trouble, fields: Object.fromEntries(fields) as Trouble["fields"] };
}

/** The field that a path is in: an input of its own may take a whole object. Undefined for what no field is. */
export function fieldAt(state: FormState, path: string): string | undefined {
  if (state.has(path)) return path;
  const end = path.lastIndexOf(".");
  return end === -1 ? undefined : fieldAt(state, path.slice(0, end));
}

/** What the account may send; of what is new, what it may only see isn't asked for. */
function askedOf({ body, method }: Route): Form {
  const whole = formOf(schemaOf(body as z.ZodType));
  const access = Object.entries(declaredAccess(whole, new Set(signedIn.me?.permissions)));
  const may = access.map(([path, is]): [string, Access] => [path, is === "read" && method !== "patch" ? "hidden" : is]);
  return formFor(whole, Object.fromEntries(may));
}

/** Of a PATCH: what had a value can't be emptied, unless null is one; a secret that nobody types stays. */
function changing(form: Form, start: Values): Form {
  const stays = { zh: "留空则不变", en: "Left empty, it stays" };
  const fields = form.fields.map((field) => ({
    ...field,
    isRequired: !field.isNullable && !isEmpty(valueAt(start, field.name)),
    ...(isSecret(field) ? { placeholder: stays } : {}),
  }));
  return { ...form, fields };
}

/** What the browser can say by itself, by the paths of fields. */
function sentencesOf(form: Form, values: Values): Readonly<Record<string, string>> {
  return Object.fromEntries(errorsOf(form, values).map(({ path, text }) => [path, inLanguage(text)]));
}

async function focusFirstError(): Promise<void> {
  await nextTick();
  const field = document.querySelector<HTMLElement>(".form-item.wrong :is(input, textarea, [tabindex='0'])");
  field?.focus();
}
