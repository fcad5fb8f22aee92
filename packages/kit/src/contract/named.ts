import { z } from "zod";
import { Id } from "./ids.ts";

/** Something that is shown by its present name, where another row only has its id: in lists a link to it. */
export const Named = z.object({ id: Id, name: z.string() }).meta({ id: "Named" });
export type Named = z.output<typeof Named>;
