import { fixturesOf } from "../../testing/every-route.ts";
import { keys } from "./keys.contract.ts";

export const fixtures = fixturesOf(keys)(async ({ server, owner }) => {
  const old = await owner.api.keys.create({ name: "旧收银系统", permissions: ["keys:read"] });
  const { id: keyId, token } = await owner.api.keys.create({ name: "收银系统", permissions: ["keys:read"] });
  await server.anonymous({ authorization: `Bearer ${token}` }).keys.list({});
  return {
    list: {},
    create: { name: "门店大屏", permissions: ["keys:read"] },
    update: { keyId, perDay: 1000 },
    rotate: { keyId },
    use: { keyId },
    delete: { keyId: old.id },
  };
});
