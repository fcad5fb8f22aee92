const known: readonly [name: string, mark: RegExp][] = [
  ["WeCom", /wxwork/i],
  ["WeChat", /micromessenger/i],
  ["Edge", /\bedg(?:e|a|ios)?\//i],
  ["Firefox", /firefox|fxios/i],
  ["Chrome", /chrome|crios/i],
  ["Safari", /safari/i],
];
const systems: readonly [name: string, mark: RegExp][] = [
  ["iOS", /iphone|ipad|ipod/i],
  ["Android", /android/i],
  ["HarmonyOS", /harmonyos|openharmony/i],
  ["Windows", /windows/i],
  ["macOS", /mac os x|macintosh/i],
  ["Linux", /linux/i],
];

/** What people tell two of their devices apart by. The header itself is longer than anybody wants to keep. */
export function browserIn(userAgent = ""): string {
  const names = [known, systems].map((list) => list.find(([, mark]) => mark.test(userAgent))?.[0]);
  const told = names.filter((name) => name !== undefined);
  return told.length === 0 ? "—" : told.join(" · ");
}
