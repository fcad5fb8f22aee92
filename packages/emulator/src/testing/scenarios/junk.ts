import fc from "fast-check";
import { expect, test } from "vitest";
import { apiRoutes } from "../../wechat/routes.ts";
import { type Coverage, setStage, type Stage } from "./stage.ts";

/** Values that programs send by mistake, and that somebody sends on purpose. */
const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, "", " ", "茶".repeat(50), 0, -1, 1e21, true, "__proto__", "\u0000", "\ud800"),
  fc.array(fc.constantFrom<unknown>(null, {}, "x", 1, []), { maxLength: 3 }),
);

/** The names that any call reads: junk under a name that nobody reads proves nothing. */
const names = [
  ..."tag tagid openid openid_list user_list touser filter msgtype text image images media_id articles article_id index".split(
    " ",
  ),
  ..."button matchrule menuid action_name action_info expire_seconds data template_id scene page path code jump_wxa".split(
    " ",
  ),
  ..."kidList tid sceneDesc priTmplId msg_id speed clientmsgid offset count type remark begin_openid cgi_path rid".split(
    " ",
  ),
  ..."appid appsecret secret grant_type force_refresh command user_id publish_id title description expire_type".split(
    " ",
  ),
];

export function junkScenarios(coverage: Coverage): void {
  test("whatever is sent, a call answers in WeChat's form, and the world goes on", async () => {
    const stage = await setStage(coverage);
    const mini = await setStage(coverage, { kind: "miniprogram" });
    await stage.followers(2);
    const body = fc.dictionary(fc.constantFrom(...names, "tag.name"), junk, { maxKeys: 6 });
    const paths = fc.constantFrom(...apiRoutes.map(({ path }) => path));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<Stage>(stage, mini), paths, body, async (on, path, given) => {
        const route = apiRoutes.find((each) => each.path === path);
        const query = Object.fromEntries(
          Object.entries(given).map(([name, value]) => [
            name,
            typeof value === "string" ? value : JSON.stringify(value),
          ]),
        );
        const answer = await on.bytes(path, route?.method === "GET" ? undefined : given, query);
        if (answer.type.startsWith("application/json")) {
          const told = JSON.parse(answer.bytes.toString()) as Record<string, unknown>;
          expect([path, told["error"], told["statusCode"]]).toEqual([path, undefined, undefined]);
        }
      }),
      { numRuns: 600 },
    );
    expect((await stage.api("/cgi-bin/user/get"))["total"]).toBe(2);
    await stage.close();
    await mini.close();
  });
}
