import { z } from "zod";

export { newId } from "./new-id.ts";

/** A UUID as text. Whatever case it came in, it goes on in lower case: ids are compared as text. */
export const Id = z.uuid().toLowerCase();
export type Id = z.infer<typeof Id>;
