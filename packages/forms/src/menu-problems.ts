/*
 * WeChat's rules of a menu, for pages, which say while somebody types what is wrong, and for the server, which
 * publishes nothing that breaks them. Its numbers are given, and so is what each kind of button uses.
 */

interface Leaf extends Readonly<Record<Part, string>> {
  readonly name: string;
  readonly kind: string;
}
type Part = "key" | "url" | "appId" | "pagePath" | "mediaId" | "articleId";
interface Button extends Leaf {
  readonly below: readonly Leaf[];
}
interface Menu {
  readonly buttons: readonly Button[];
  readonly conditional: readonly {
    readonly tagId: number | null;
    readonly platform: string | null;
    readonly buttons: readonly Button[];
  }[];
}
/** How many buttons, and bytes of names, keys and addresses. */
interface Limits {
  readonly buttons: number;
  readonly subButtons: number;
  readonly nameBytes: number;
  readonly subNameBytes: number;
  readonly keyBytes: number;
  readonly urlBytes: number;
}
type Kinds = Readonly<Record<string, { readonly parts: readonly Part[] }>>;
interface Rules {
  readonly limits: Limits;
  readonly kinds: Kinds;
}

/** What WeChat would refuse, at its place: `buttons.0.below.1.name`, `conditional.0.buttons`. */
export interface MenuProblem {
  readonly field: string;
  readonly zh: string;
  readonly en: string;
}

/** As WeChat counts: UTF-8. */
export function bytesOf(given: string): number {
  return new TextEncoder().encode(given).length;
}

/** Everything in a menu that breaks WeChat's rules, in the order of its places. Pages and server ask the same. */
export function problemsOf(menu: Menu, rules: Rules): MenuProblem[] {
  const problems = ofButtons(menu.buttons, "buttons", rules);
  if (menu.buttons.length === 0 && menu.conditional.length > 0)
    problems.push({
      field: "buttons",
      zh: "有个性化菜单时，必须有默认菜单",
      en: "menus for some need one for everybody",
    });
  for (const [at, { tagId, platform, buttons }] of menu.conditional.entries()) {
    const field = `conditional.${at}`;
    if (tagId === null && platform === null)
      problems.push({ field: `${field}.match`, zh: "请选择标签或设备", en: "choose a tag or a device" });
    const before = menu.conditional.slice(0, at);
    if (before.some((each) => each.tagId === tagId && each.platform === platform))
      problems.push({ field: `${field}.match`, zh: "与前面的条件相同", en: "it is for the same people as one above" });
    if (buttons.length === 0)
      problems.push({ field: `${field}.buttons`, zh: "至少要有一个按钮", en: "it needs a button" });
    problems.push(...ofButtons(buttons, `${field}.buttons`, rules));
  }
  return problems;
}

function ofButtons(buttons: readonly Button[], field: string, rules: Rules): MenuProblem[] {
  const { limits } = rules;
  const problems: MenuProblem[] = [];
  if (buttons.length > limits.buttons) problems.push(tooMany(field, limits.buttons));
  for (const [at, button] of buttons.entries()) {
    const place = `${field}.${at}`;
    problems.push(...ofName(button, place, limits.nameBytes));
    if (button.below.length === 0) problems.push(...ofParts(button, place, rules));
    if (button.below.length > limits.subButtons) problems.push(tooMany(`${place}.below`, limits.subButtons));
    for (const [sub, leaf] of button.below.entries()) {
      problems.push(...ofName(leaf, `${place}.below.${sub}`, limits.subNameBytes));
      problems.push(...ofParts(leaf, `${place}.below.${sub}`, rules));
    }
  }
  return problems;
}

const tooMany = (field: string, most: number): MenuProblem => ({
  field,
  zh: `最多 ${most} 个按钮`,
  en: `at most ${most} buttons`,
});

function ofName({ name }: Leaf, place: string, most: number): MenuProblem[] {
  const field = `${place}.name`;
  if (name.trim() === "") return [{ field, zh: "请填写名称", en: "it needs a name" }];
  return ofBytes(field, name, most);
}

function ofParts(leaf: Leaf, place: string, { limits, kinds }: Rules): MenuProblem[] {
  return (kinds[leaf.kind]?.parts ?? []).flatMap((part) => {
    const given = leaf[part];
    const field = `${place}.${part}`;
    if (given.trim() === "") return [{ field, zh: "请填写", en: "it is needed" }];
    if (part === "url" && !/^https?:\/\/[^/\s]+\S*$/i.test(given))
      return [
        { field, zh: "以 http:// 或 https:// 开头的网址", en: "an address that begins with http:// or https://" },
      ];
    if (part === "appId" && !/^wx[0-9a-f]{16}$/.test(given))
      return [{ field, zh: "AppID 是 wx 加 16 位十六进制数字", en: "an AppID is wx and 16 hex digits" }];
    if (part === "url") return ofBytes(field, given, limits.urlBytes);
    return part === "key" ? ofBytes(field, given, limits.keyBytes) : [];
  });
}

function ofBytes(field: string, given: string, most: number): MenuProblem[] {
  const bytes = bytesOf(given);
  if (bytes <= most) return [];
  return [{ field, zh: `最多 ${most} 字节，现在 ${bytes}`, en: `at most ${most} bytes; it has ${bytes}` }];
}
