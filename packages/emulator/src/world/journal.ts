import type { JournalEntry } from "./model.ts";

const keptEntries = 2000;
const keptCharacters = 20_000;

export interface JournalFilter {
  kind?: JournalEntry["kind"] | undefined;
  appid?: string | undefined;
  /** Looked for in what, url, request, response and note. */
  text?: string | undefined;
  /** The newest so many. */
  limit?: number | undefined;
}

/** What went over the wire, newest last; old entries fall out. */
export class Journal {
  private entries: JournalEntry[] = [];
  private readonly announce: (entry: JournalEntry) => void;

  constructor(announce: (entry: JournalEntry) => void) {
    this.announce = announce;
  }

  /** What only calls have may be left out. */
  add(entry: Omit<JournalEntry, "rid" | "deviations"> & Partial<JournalEntry>): void {
    const kept = {
      rid: null,
      deviations: [],
      ...entry,
      request: shorten(entry.request),
      response: shorten(entry.response),
    };
    this.entries.push(kept);
    if (this.entries.length > keptEntries) this.entries.shift();
    this.announce(kept);
  }

  /** The entries that fit, oldest first. */
  list(filter: JournalFilter = {}): JournalEntry[] {
    const wanted = filter.text?.toLowerCase();
    const found = this.entries.filter(
      (entry) =>
        (filter.kind === undefined || entry.kind === filter.kind) &&
        (filter.appid === undefined || entry.appid === filter.appid) &&
        (wanted === undefined ||
          [entry.what, entry.url, entry.request, entry.response, entry.note].some((part) =>
            part.toLowerCase().includes(wanted),
          )),
    );
    return filter.limit === undefined ? found : found.slice(-filter.limit);
  }

  clear(): void {
    this.entries = [];
  }

  /** Adds an entry of an earlier run, without announcing it. */
  restore(entry: JournalEntry): void {
    this.entries.push(entry);
  }
}

function shorten(text: string): string {
  if (text.length <= keptCharacters) return text;
  // A copy: what is only cut keeps the whole in memory.
  const cut = Buffer.from(text.slice(0, keptCharacters)).toString();
  return `${cut}… (${text.length} characters)`;
}
