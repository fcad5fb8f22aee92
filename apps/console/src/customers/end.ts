import { api } from "../common/api.ts";
import { acts } from "../list/acts.ts";

type SignIn = Awaited<ReturnType<typeof api.customers.list>>["items"][number];

/** Ends one session, from wherever sign-ins are listed. */
export const end = acts(
  api.customers.end,
  { zh: "结束登录", en: "Sign out" },
  ({ id }: SignIn) => ({ sessionId: id }),
  {
    shows: ({ state }) => state === "open",
    sure: ({ person, browser }) => ({
      title: { zh: `让“${person.name}”退出登录？`, en: `Sign ${person.name} out?` },
      sentence: {
        zh: `在 ${browser} 上的登录会立即失效，本人可以重新登录。`,
        en: `What is open in ${browser} ends at once. They may sign in again.`,
      },
    }),
  },
);
