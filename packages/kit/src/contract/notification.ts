import type { z } from "zod";
import { assertSurvivesJson } from "./json-safe.ts";
import type { Permission } from "./permission.ts";
import type { LocalizedText } from "./text.ts";

/** Something that people are told of, in the language that they read it in. */
export interface NotificationKind<Payload> {
  /** A stable name, `<module>.<what>`. */
  readonly name: string;
  /** Nothing of a customer: whoever is told may not be allowed to see it. */
  readonly payload: z.ZodType<Payload>;
  /** What somebody chooses to be told of, or not. */
  readonly label: LocalizedText;
  title(payload: Payload): LocalizedText;
  /** The console's page about it. */
  link(payload: Payload): string;
  readonly importance: "high" | "normal";
  /** Whoever has lost this right isn't shown it any more. */
  readonly needs?: Permission;
}

/**
 * Declares a kind of notification, which the module lists under `notifies`.
 *
 * @throws Error for a payload that would not come back from JSON as it went in
 */
export function notification<Payload>(
  name: `${string}.${string}`,
  payload: z.ZodType<Payload>,
  said: Omit<NotificationKind<NoInfer<Payload>>, "name" | "payload">,
): NotificationKind<Payload> {
  assertSurvivesJson(name, payload);
  return { name, payload, ...said };
}
