import type { LocalizedText } from "./text.ts";

/** What a fault may tell besides its code: plain values that fill the sentence. Never a secret. */
export type FaultDetails = Readonly<Record<string, unknown>>;

export interface FaultDefinition {
  /** `<module>.<what_happened>`: part of the API, never reworded. */
  readonly code: string;
  /** The HTTP status it becomes. */
  readonly status: number;
  /** The numeric code of older clients (D-63…D-89), where one exists. */
  readonly errno: number | undefined;
  /** What happened and what to do. `{name}` stands for the detail of that name. */
  readonly text: LocalizedText;
  /** True: nobody knows whether it was done after all, so an idempotent call isn't run again under its key. */
  readonly isOutcomeUnknown: boolean;
  /** True: the detail `seconds` is when to come again. `{wait}` stands for it in words, `Retry-After` carries it. */
  readonly isPassing: boolean;
}

/** An expected failure: something the caller can understand and act on. Programmer errors are plain errors. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly definition: FaultDefinition;
  readonly details: FaultDetails;

  constructor(definition: FaultDefinition, details: FaultDetails = {}, options?: ErrorOptions) {
    super(definition.code, options);
    this.definition = definition;
    this.details = details;
  }

  get code(): string {
    return this.definition.code;
  }

  /** In how many seconds it may be tried again, where the fault tells. */
  get retryAfterSeconds(): number | undefined {
    const { seconds } = this.details;
    return this.definition.isPassing && typeof seconds === "number" ? seconds : undefined;
  }
}

export interface FaultFactory extends FaultDefinition {
  (details?: FaultDetails, options?: ErrorOptions): Fault;
}

/**
 * Declares a fault once; a route names it in `faults`, a service throws it.
 *
 * ```ts
 * export const lockedOut = fault("access.locked_out", 423, { zh: "…请 {wait} 后再试", en: "…in {wait}" }, { isPassing: true });
 * throw lockedOut({ seconds: 300 });
 * ```
 */
// So that browsers are sent the faults that they name, not all of a file's:
/* @__NO_SIDE_EFFECTS__ */
export function fault(
  code: string,
  status: number,
  text: LocalizedText,
  {
    errno,
    isOutcomeUnknown = false,
    isPassing = false,
  }: { errno?: number; isOutcomeUnknown?: boolean; isPassing?: boolean } = {},
): FaultFactory {
  const definition: FaultDefinition = { code, status, errno, text, isOutcomeUnknown, isPassing };
  const create = (details?: FaultDetails, cause?: ErrorOptions): Fault => new Fault(definition, details, cause);
  return Object.assign(create, definition);
}
