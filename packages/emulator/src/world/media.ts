import type { SeededRandom } from "../random.ts";

/** Where media are kept. */
interface Keeping {
  readonly random: SeededRandom;
  readonly url: () => string;
  now(): number;
  tell(happening: { type: "world" }): void;
}

export type MediaType = "image" | "voice" | "video" | "thumb" | "news";

export interface DraftArticle {
  title: string;
  author: string;
  digest: string;
  content: string;
  contentSourceUrl: string;
  thumbMediaId: string;
  needOpenComment: number;
  onlyFansCanComment: number;
}

/** A file or an article that an account keeps with WeChat. */
export interface MediaItem {
  appid: string;
  mediaId: string;
  type: MediaType;
  createdAt: number;
  /** null: kept for good. */
  expiresAt: number | null;
  /** `draft`: may still be changed; `listed`: stands in the material library; `mass`: made by media/uploadvideo. */
  place: "temporary" | "listed" | "draft" | "mass";
  name: string;
  contentType: string;
  bytes: Buffer;
  /** Of a video. */
  title: string;
  description: string;
  /** Of news. */
  articles: DraftArticle[];
}

/** What accounts have uploaded. */
export class MediaStore {
  private readonly state: Keeping;
  private readonly items = new Map<string, MediaItem>();

  constructor(state: Keeping) {
    this.state = state;
  }

  /** Keeps something and gives it an id. */
  add(item: Partial<MediaItem> & Pick<MediaItem, "appid" | "type" | "place">): MediaItem {
    const now = this.state.now();
    const made: MediaItem = {
      mediaId: this.state.random.letters(64),
      createdAt: now,
      expiresAt: null,
      name: "",
      contentType: "",
      bytes: Buffer.alloc(0),
      title: "",
      description: "",
      articles: [],
      ...item,
    };
    this.sweep();
    this.put(made);
    this.state.tell({ type: "world" });
    return made;
  }

  put(item: MediaItem): void {
    this.items.set(`${item.appid} ${item.mediaId}`, item);
  }

  /** What an account's id stands for; undefined: nothing, or what has expired. */
  find(appid: string, mediaId: string): MediaItem | undefined {
    const item = this.items.get(`${appid} ${mediaId}`);
    if (item === undefined || item.expiresAt === null || item.expiresAt > this.state.now()) return item;
    this.items.delete(`${appid} ${mediaId}`);
    return undefined;
  }

  remove({ appid, mediaId }: MediaItem): void {
    this.items.delete(`${appid} ${mediaId}`);
    this.state.tell({ type: "world" });
  }

  /** An account's things of a place, the newest first. */
  list(appid: string, which: (item: MediaItem) => boolean): MediaItem[] {
    return this.all()
      .filter((item) => item.appid === appid && which(item))
      .toSorted((one, two) => two.createdAt - one.createdAt);
  }

  /** Throws away what has expired. */
  private sweep(): void {
    const now = this.state.now();
    for (const [key, { expiresAt }] of this.items) if (expiresAt !== null && expiresAt <= now) this.items.delete(key);
  }

  /** By the address that `url` gave it. */
  byAddress(key: string): MediaItem | undefined {
    this.sweep();
    return this.all().find((item) => addressKey(item) === key);
  }

  /** Where a picture is seen. */
  url(item: MediaItem): string {
    return `${this.state.url()}/emulator/media/${addressKey(item)}`;
  }

  all(): MediaItem[] {
    return [...this.items.values()];
  }

  forget(appid: string): void {
    for (const [key, item] of this.items) if (item.appid === appid) this.items.delete(key);
  }
}

/** Not the media id itself: whoever sees a picture can't send it. */
function addressKey({ mediaId }: MediaItem): string {
  return mediaId.slice(-24);
}
