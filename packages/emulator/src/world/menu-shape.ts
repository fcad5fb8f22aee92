import { z } from "zod";
import type { MenuButton } from "./model.ts";

/** A button of a menu, as a call brings it and as a file keeps it. */
export const MenuButtonShape: z.ZodType<MenuButton> = z.object({
  type: z.string().optional(),
  name: z.string(),
  key: z.string().optional(),
  url: z.string().optional(),
  appid: z.string().optional(),
  pagepath: z.string().optional(),
  media_id: z.string().optional(),
  article_id: z.string().optional(),
  get sub_button() {
    return z.array(MenuButtonShape).optional();
  },
});
