import { onBeforeUnmount, shallowRef } from "vue";
import type { Place } from "./made-edit.ts";
import type { PartName } from "./palette.ts";

/** What is dragged: a part of the palette, or a field that is there. */
export type Dragged = { readonly part: PartName } | { readonly path: string };

export interface Dragging {
  readonly what: Dragged;
  readonly x: number;
  readonly y: number;
  /** Where it would be put now; undefined while it is over nothing. */
  readonly place: Place | undefined;
}

/** So far a press is a click. */
const slackPx = 5;

/**
 * Fields that are dragged by mouse, pen or finger. Where they would be put, the elements say: `data-place` has the
 * place before one as JSON, `data-after` that behind it, `data-inside` that in it.
 */
export function useDrag(onDrop: (what: Dragged, place: Place) => void) {
  const dragging = shallowRef<Dragging>();
  let stop: (() => void) | undefined;

  function start(what: Dragged, event: PointerEvent): void {
    if (event.button !== 0) return;
    const from = { x: event.clientX, y: event.clientY };
    const move = (now: PointerEvent): void => {
      const { clientX: x, clientY: y } = now;
      if (dragging.value === undefined && Math.hypot(x - from.x, y - from.y) < slackPx) return;
      now.preventDefault();
      dragging.value = { what, x, y, place: placeAt(x, y) };
    };
    const end = (): void => {
      const { value: last } = dragging;
      stop?.();
      if (last?.place !== undefined) onDrop(what, last.place);
    };
    const cancel = (key: KeyboardEvent): void => void (key.key === "Escape" && stop?.());
    stop?.();
    stop = () => {
      dragging.value = undefined;
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      removeEventListener("keydown", cancel);
    };
    addEventListener("pointermove", move, { passive: false });
    addEventListener("pointerup", end);
    addEventListener("pointercancel", () => stop?.(), { once: true });
    addEventListener("keydown", cancel);
  }
  onBeforeUnmount(() => stop?.());
  return { dragging, start };
}

function placeAt(x: number, y: number): Place | undefined {
  const element = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-place]");
  if (!element) return undefined;
  const { top, height } = element.getBoundingClientRect();
  const part = (y - top) / height;
  const { place, after, inside } = element.dataset;
  const isMiddle = inside !== undefined && part > 0.3;
  const said = isMiddle ? inside : part > 0.5 && after !== undefined ? after : place;
  return said === undefined ? undefined : (JSON.parse(said) as Place);
}
