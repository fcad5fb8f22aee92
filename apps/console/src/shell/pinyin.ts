/** How a Chinese name is typed by sound: `dengLongCha` as `denglongcha`, `dlc`, and anything between. */
export interface Sound {
  readonly whole: string;
  readonly initials: string;
}

/** What turns names into sounds; it is large, and loaded when somebody types letters. */
export async function loadPinyin(): Promise<(name: string) => Sound> {
  const { pinyin } = await import("pinyin-pro");
  const known = new Map<string, Sound>();
  return (name) => {
    let sound = known.get(name);
    if (sound === undefined) {
      const syllables = pinyin(name, { toneType: "none", type: "array", v: true }).map((each) => each.toLowerCase());
      sound = { whole: syllables.join(""), initials: syllables.map((each) => each.slice(0, 1)).join("") };
      known.set(name, sound);
    }
    return sound;
  };
}

/** Whether a name holds what was typed, as it is written or as it sounds. */
export function isMeant(name: string, typed: string, soundOf: ((name: string) => Sound) | undefined): boolean {
  const wanted = typed.trim().toLowerCase();
  if (name.toLowerCase().includes(wanted)) return true;
  if (soundOf === undefined || !/\p{Script=Han}/u.test(name)) return false;
  const { whole, initials } = soundOf(name);
  const letters = wanted.replaceAll(/[\s']/g, "");
  return letters !== "" && (whole.includes(letters) || initials.includes(letters));
}
