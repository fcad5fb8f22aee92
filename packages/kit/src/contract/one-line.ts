import { z } from "zod";
import { bilingual } from "./text.ts";

/**
 * What people type to be read in one line: no control characters, no line breaks (U+2028 and U+2029 are some too), and
 * nothing that turns the direction of what follows (UAX #9: embeddings, overrides, isolates). A name is shown in tables
 * and filled into messages and the subjects of mails, where a second line, or a name that reads backwards, would be a
 * forgery.
 *
 * @param longest in UTF-16 units, after trimming
 */
export const oneLine = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]*$/u, {
      error: bilingual({ zh: "只能是一行，不含控制字符", en: "one line without control characters" }),
    });
