const longest = 120;
/** What Windows takes for devices, whatever their ending (Microsoft, "Naming Files, Paths, and Namespaces"). */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A name that every system can unpack, in the folder that it is unpacked in and in no other. */
export function safeName(name: string): string {
  const plain = name
    .toWellFormed()
    .normalize("NFC")
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\0-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]/g, "_")
    .replace(/^[\s.]+|[\s.]+$/g, "");
  const [, base = plain, ending = ""] = /^(.*?)(\.[^.]{1,10})?$/.exec(plain) ?? [];
  const short = `${base.slice(0, longest).replace(/[\ud800-\udbff]$/, "")}${ending}`;
  return short === "" || devices.test(short) ? `_${short}` : short;
}

/** The same name twice is told apart by a number; also where only the case of a letter differs. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const safe = safeName(name);
    const [, base = safe, ending = ""] = /^(.*?)(\.[^.]{1,10})?$/.exec(safe) ?? [];
    let unique = safe;
    for (let n = 2; taken.has(unique.toLowerCase()); n += 1) unique = `${base} (${n})${ending}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
