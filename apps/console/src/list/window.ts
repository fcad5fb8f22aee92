import { onBeforeUnmount, onMounted, type Ref, shallowRef, watch } from "vue";

/** Rows beside those in view, so that a quick scroll meets no gap. */
const spareRows = 20;

export interface Shown {
  /** Of the rows, from and to (exclusive). */
  readonly from: number;
  readonly to: number;
}

/**
 * Which rows of a tall table need to be there: all have the same height, and the others are room above and below. So a
 * list of a hundred thousand rows is as light as one of fifty.
 */
export function useWindow(
  body: Readonly<Ref<HTMLElement | null>>,
  count: () => number,
  rowPx: () => number,
): Readonly<Ref<Shown>> {
  const shown = shallowRef<Shown>({ from: 0, to: 100 });
  let frame = 0;
  let scroller: HTMLElement | null = null;

  function measure(): void {
    if (body.value === null || scroller === null) return;
    const above = scroller.getBoundingClientRect().top - body.value.getBoundingClientRect().top;
    const first = Math.floor(above / rowPx());
    const visible = Math.ceil(scroller.clientHeight / rowPx());
    const from = Math.max(0, Math.min(first - spareRows, count() - 1));
    // In steps, so that not each pixel draws anew.
    const step = from - (from % 10);
    const to = Math.min(count(), step + visible + 3 * spareRows);
    if (step !== shown.value.from || to !== shown.value.to) shown.value = { from: step, to };
  }
  function soon(): void {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(measure);
  }
  onMounted(() => {
    scroller = body.value?.closest<HTMLElement>("[data-scroller]") ?? document.getElementById("content");
    scroller?.addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    measure();
  });
  onBeforeUnmount(() => {
    cancelAnimationFrame(frame);
    scroller?.removeEventListener("scroll", soon);
    removeEventListener("resize", soon);
  });
  watch([count, rowPx], measure, { flush: "post" });
  return shown;
}
