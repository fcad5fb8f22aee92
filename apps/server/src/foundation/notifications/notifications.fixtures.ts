import { fixturesOf } from "../../testing/every-route.ts";
import { testPassword } from "../../testing/test-server.ts";
import { notifications } from "./notifications.contract.ts";

export const fixtures = fixturesOf(notifications)(async ({ owner, server }) => {
  const { items: roles } = await owner.api.access.listRoles();
  const roleIds = roles.slice(0, 1).map(({ id }) => id);
  const login = "invited@lantern-tea.example";
  const { invitation } = await owner.api.access.createAccount({ login, displayName: "Invited", roleIds });
  await server.anonymous().access.acceptInvitation({ token: invitation?.token ?? "", password: testPassword });
  await server.runUntilIdle();
  const { items } = await owner.api.notifications.list({});
  const kind = "work.ended";
  await owner.api.notifications.choose({ kind, isWanted: false });
  return {
    list: {},
    getFigures: {},
    read: { ids: items.map(({ id }) => id) },
    readAll: { until: server.clock.now().toISOString() },
    listKinds: {},
    choose: { kind: "access.invitation_accepted", isWanted: false },
  };
});
