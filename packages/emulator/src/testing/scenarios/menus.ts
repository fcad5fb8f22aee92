import { afterEach, beforeEach, expect, test } from "vitest";
import { type Coverage, files, type Json, setStage } from "./stage.ts";

export function menuScenarios(coverage: Coverage): void {
  let stage: Awaited<ReturnType<typeof setStage>>;
  beforeEach(async () => {
    stage = await setStage(coverage);
    await stage.emulator.world.follow(stage.puppet.id);
  });
  afterEach(() => stage.close());
  const create = (button: unknown) => stage.errcodeOf("/cgi-bin/menu/create", { button });
  const listed = async (): Promise<string> =>
    String(
      (await stage.upload("/cgi-bin/material/add_material", { media: files.png() }, { type: "image" }))["media_id"],
    );
  const tapped = async (button: object, act: object = {}): Promise<string> => {
    expect(await create([{ name: "茶", ...button }])).toBe(0);
    const report = await stage.emulator.world.tap(stage.puppet.id, { button: "茶", ...act });
    await stage.emulator.world.settle();
    return report.message.replaceAll(/<!\[CDATA\[(.*?)\]\]>|\n/g, "$1");
  };

  test.each(["scancode_push", "scancode_waitmsg"])("%s tells what was scanned", async (type) => {
    const message = await tapped({ type, key: "SCAN" }, { scanned: "tea-7" });
    expect(message).toContain(`<Event>${type}</Event><EventKey>SCAN</EventKey>`);
    expect(message).toContain("<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>tea-7</ScanResult></ScanCodeInfo>");
  });

  test.each(["scancode_push", "scancode_waitmsg"])("%s opens a window, as a click does", async (type) => {
    stage.emulator.world.setClock(120_000);
    await tapped({ type, key: "SCAN" });
    expect(stage.emulator.world.chat(stage.puppet.id).credit.left).toBe(3);
    expect(stage.emulator.world.chat(stage.puppet.id).credit.until).toBeGreaterThan(Date.now() + 120_000);
  });

  test.each(["pic_sysphoto", "pic_photo_or_album", "pic_weixin"])(
    "%s tells of the pictures, which come after it",
    async (type) => {
      const message = await tapped({ type, key: "PHOTO" }, { pictures: 2 });
      expect(message).toContain(`<Event>${type}</Event><EventKey>PHOTO</EventKey><SendPicsInfo><Count>2</Count>`);
      expect(message.match(/<item><PicMd5Sum>[0-9a-f]{32}<\/PicMd5Sum><\/item>/g)).toHaveLength(2);
      expect(await stage.pushed("image")).toHaveLength(2);
      expect(stage.developer.pushes.at(-1)?.body).toContain("<PicUrl>");
    },
  );

  test("location_select tells a place, which comes after it", async () => {
    const place = { latitude: 30.25, longitude: 120.16, label: "西湖", scale: 15 };
    const message = await tapped({ type: "location_select", key: "WHERE" }, { place });
    expect(message).toContain("<SendLocationInfo><Location_X>30.25</Location_X><Location_Y>120.16</Location_Y>");
    expect(await stage.pushed("location")).toHaveLength(1);
  });

  test("view and miniprogram name the menu, open no window, and say what they open", async () => {
    stage.emulator.world.setClock(120_000);
    const viewed = await tapped({ type: "view", url: "https://lantern-tea.example/" });
    expect(viewed).toMatch(
      /<Event>VIEW<\/Event><EventKey>https:\/\/lantern-tea.example\/<\/EventKey><MenuId>\d+<\/MenuId>/,
    );
    const card = { type: "miniprogram", url: "https://lantern-tea.example/", appid: "wxtea", pagepath: "pages/order" };
    expect(await tapped(card)).toMatch(/<Event>view_miniprogram<\/Event><EventKey>pages\/order<\/EventKey><MenuId>\d+/);
    const isOpen = (): boolean =>
      stage.emulator.world.chat(stage.puppet.id).credit.until > Date.parse(stage.emulator.world.clock().now);
    expect(isOpen()).toBe(false);
    stage.emulator.world.changeRules({ "menu.miniProgram": "click" });
    await tapped(card);
    expect(isOpen()).toBe(true);
  });

  test("media_id and view_limited show what the library holds; their event is a switch", async () => {
    const mediaId = await listed();
    expect(await tapped({ type: "media_id", media_id: mediaId })).toContain("<Event>media_id</Event>");
    expect(stage.emulator.world.chat(stage.puppet.id).chat.at(-1)?.content).toMatchObject({ kind: "picture", mediaId });
    expect(await tapped({ type: "view_limited", media_id: mediaId })).toContain("<Event>view_limited</Event>");
    stage.emulator.world.changeRules({ "menu.shown": "silent" });
    const before = stage.developer.pushes.length;
    await tapped({ type: "media_id", media_id: mediaId });
    expect(stage.developer.pushes).toHaveLength(before);
  });

  test.each([
    ["a url without a scheme", { type: "view", url: "lantern-tea.example/" }, 40055],
    ["no url", { type: "view" }, 40020],
    ["a media id that nobody has", { type: "media_id", media_id: "none" }, 40007],
    ["no media id", { type: "view_limited" }, 40007],
    ["an article that isn't published", { type: "article_id", article_id: "none" }, 53600],
    ["a mini-program without appid", { type: "miniprogram", url: "https://a.example", pagepath: "p" }, 40013],
    ["a mini-program without page", { type: "miniprogram", url: "https://a.example", appid: "wx1" }, 40035],
    ["an unknown type", { type: "dance" }, 40017],
    ["a third level", { sub_button: [{ name: "b", sub_button: [{ name: "c", type: "click", key: "C" }] }] }, 40022],
    ["a sub-button's url without a scheme", { sub_button: [{ name: "b", type: "view", url: "a.example" }] }, 40054],
    ["a sub-button of an unknown type", { sub_button: [{ name: "b", type: "dance" }] }, 40024],
  ])("%s is refused, and the menu stays as it was", async (_name, button, errcode) => {
    await create([{ type: "click", name: "旧", key: "OLD" }]);
    expect(await create([{ name: "a", ...button }])).toBe(errcode);
    expect(JSON.stringify(await stage.api("/cgi-bin/menu/get"))).toContain("OLD");
  });

  test("a menu in \\u escapes or in another encoding is refused", async () => {
    const escaped = '{"button":[{"type":"click","name":"\\u8336","key":"TEA"}]}';
    expect(await stage.errcodeOf("/cgi-bin/menu/create", escaped)).toBe(40033);
    expect(await stage.errcodeOf("/cgi-bin/menu/create", { menu: [] })).toBe(40035);
  });

  test("menus for some: by tag, by phone, the last that fits; trymatch tells which", async () => {
    const own = { type: "click", name: "大家", key: "ALL" };
    const some = { button: [{ type: "click", name: "常客", key: "REGULAR" }] };
    const add = (matchrule: unknown) => stage.api("/cgi-bin/menu/addconditional", { ...some, matchrule });
    const tag = ((await stage.api("/cgi-bin/tags/create", { tag: { name: "常客" } }))["tag"] as Json)["id"];
    expect((await add({ tag_id: String(tag) }))["errcode"]).toBe(65303);
    await create([own]);
    expect((await add({}))["errcode"]).toBe(65305);
    expect((await add({ client_platform_type: "9" }))["errcode"]).toBe(65305);
    expect((await add({ tag_id: "999" }))["errcode"]).toBe(45159);
    const { menuid } = await add({ tag_id: String(tag) });
    const match = async (): Promise<unknown> =>
      ((await stage.api("/cgi-bin/menu/trymatch", { user_id: stage.openid() }))["button"] as Json[])[0]?.["key"];
    expect(await match()).toBe("ALL");
    await stage.api("/cgi-bin/tags/members/batchtagging", { openid_list: [stage.openid()], tagid: tag });
    expect(await match()).toBe("REGULAR");
    expect(stage.emulator.world.menuFor(stage.emulator.world.chat(stage.puppet.id))).toMatchObject(some.button);
    const report = await stage.emulator.world.tap(stage.puppet.id, { button: "REGULAR" });
    expect(report.message).toContain("REGULAR");
    expect(await stage.api("/cgi-bin/menu/get")).toMatchObject({
      menu: { button: [own] },
      conditionalmenu: [{ button: some.button, matchrule: { tag_id: String(tag) }, menuid: Number(menuid) }],
    });
    expect(await stage.errcodeOf("/cgi-bin/menu/delconditional", { menuid: "1" })).toBe(65301);
    expect(await stage.errcodeOf("/cgi-bin/menu/delconditional", { menuid })).toBe(0);
    expect(await match()).toBe("ALL");
    stage.emulator.world.changePuppet(stage.puppet.id, { platform: "android" });
    await add({ client_platform_type: "2" });
    expect(await match()).toBe("REGULAR");
    expect(await stage.api("/cgi-bin/get_current_selfmenu_info")).toMatchObject({ is_menu_open: 1 });
    expect(await stage.errcodeOf("/cgi-bin/menu/delete")).toBe(0);
    expect(await stage.api("/cgi-bin/get_current_selfmenu_info")).toEqual({ is_menu_open: 0 });
    expect(await stage.errcodeOf("/cgi-bin/menu/trymatch", { user_id: stage.openid() })).toBe(46003);
  });
}
