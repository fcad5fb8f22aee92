import type { JournalEntry } from "./model.ts";

const keptEntries = 2000;
const keptCharacters = 20_000;

/** What went over the wire, newest last; old entries fall out. */
export class Journal {
  private entries: JournalEntry[] = [];
  private readonly announce: (entry: JournalEntry) => void;

  constructor(announce: (entry: JournalEntry) => void) {
    this.announce = announce;
  }

  add(entry: JournalEntry): void {
    const kept = { ...entry, request: shorten(entry.request), response: shorten(entry.response) };
    this.entries.push(kept);
    if (this.entries.length > keptEntries) this.entries.shift();
    this.announce(kept);
  }

  /** The entries that fit, oldest first. `text` is looked for in what, url, request, response and note. */
  list(filter: { kind?: JournalEntry["kind"]; appid?: string; text?: string } = {}): JournalEntry[] {
    const wanted = filter.text?.toLowerCase();
    return this.entries.filter(
      (entry) =>
        (filter.kind === undefined || entry.kind === filter.kind) &&
        (filter.appid === undefined || entry.appid === filter.appid) &&
        (wanted === undefined ||
          [entry.what, entry.url, entry.request, entry.response, entry.note].some((part) =>
            part.toLowerCase().includes(wanted),
          )),
    );
  }

  clear(): void {
    this.entries = [];
  }
}

function shorten(text: string): string {
  return text.length <= keptCharacters ? text : `${text.slice(0, keptCharacters)}… (${text.length} characters)`;
}
