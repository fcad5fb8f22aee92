import { z } from "zod";
import { bilingual } from "./text.ts";

/**
 * What people type to be read in one line: no control characters, no line breaks (U+2028 and U+2029 are some too). A
 * name is shown in tables and filled into messages and the subjects of mails, where a second line would be a forgery.
 *
 * @param longest in UTF-16 units, after trimming
 */
export const oneLine = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, {
      error: bilingual({ zh: "只能是一行，不含控制字符", en: "one line without control characters" }),
    });
