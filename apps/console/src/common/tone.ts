/** What a state means to the one who reads it; the colour follows. */
export type Tone = "good" | "warn" | "bad" | "info" | "quiet";
