import type { Form } from "@zhanggui/forms/form";
import { formOfSchema, type MadeForm } from "@zhanggui/forms/made-form";
import { madeFormProblem } from "@zhanggui/forms/made-form-guard";
import { computed, type ShallowRef, shallowRef, watch } from "vue";
import { api } from "../../common/api.ts";
import { useAction } from "../../common/loading.ts";
import { type Trouble, troubleOf } from "../../common/trouble.ts";
import { useDraft } from "../draft.ts";
import { useUnsaved } from "../unsaved.ts";
import { type FormDraft, madeOf } from "./form-draft.ts";
import { withoutDependencies } from "./made-edit.ts";
import { useHistory } from "./use-history.ts";

/** What is drawn, and which revision of the draft it was begun from. */
interface Work {
  readonly made: MadeForm;
  readonly base: number;
}

/**
 * A form being drawn: steps that can be undone, kept in this tab until they are saved, and saved only over what they
 * were begun from.
 *
 * @param isUnread whether there is text that makes no form yet, and would be lost
 */
export function useDesign(given: FormDraft, isUnread: () => boolean) {
  const start: Work = { made: madeOf(given.draft), base: given.revision };
  const draft = useDraft(`forms.draft:${given.id}`, { fields: [] }, { work: start });
  const restored = draft.values.value["work"] as Work;
  const history = useHistory(restored.made);
  const base = shallowRef(restored.base);
  const keep = ([made, revision]: readonly [MadeForm, number]): void =>
    void (draft.values.value = { work: { made, base: revision } });
  watch([history.now, base], keep, { flush: "sync" });
  useUnsaved(() => draft.isDirty() || isUnread(), draft.discard);
  const saving = useSaving(given, history, base, (work) => draft.restart({ work }));
  const problem = computed(() => madeFormProblem(history.now.value));
  return {
    ...history,
    ...saving,
    formId: given.id,
    base,
    isDirty: computed(() => JSON.stringify(history.now.value) !== JSON.stringify(saving.saved.value.draft)),
    isRestored: draft.isRestored,
    problem,
    /** What it makes as it is; where that can't be said, what it made last. */
    form: useLast(() => formFrom(history.now.value)),
  };
}

/** Saves over the revision `base`; what somebody else saved meanwhile is shown before anything goes over it. */
function useSaving(
  given: FormDraft,
  { now, change }: Pick<ReturnType<typeof useHistory<MadeForm>>, "now" | "change">,
  base: ShallowRef<number>,
  onSaved: (work: Work) => void,
) {
  const formId = given.id;
  const saved = shallowRef(given);
  const theirs = shallowRef<FormDraft>();
  const trouble = shallowRef<Trouble>();
  const { isBusy, run: save } = useAction(
    async () => {
      trouble.value = undefined;
      const made = now.value;
      try {
        saved.value = await api.forms.saveDraft({ formId, draft: made, ifMatch: base.value });
      } catch (error) {
        if (troubleOf(error).status !== 412) throw error;
        theirs.value = await api.forms.get({ formId });
        return;
      }
      base.value = saved.value.revision;
      onSaved({ made, base: base.value });
    },
    (error) => void (trouble.value = troubleOf(error)),
  );
  /** As the server has it now. */
  function adopt(draft: FormDraft): void {
    theirs.value = undefined;
    saved.value = draft;
    base.value = draft.revision;
    if (JSON.stringify(draft.draft) !== JSON.stringify(now.value)) change(madeOf(draft.draft));
    onSaved({ made: now.value, base: base.value });
  }
  return {
    saved,
    /** What somebody else saved meanwhile. */
    theirs,
    trouble,
    isBusy,
    save,
    adopt,
    /** Theirs instead; one's own is a step back. */
    takeTheirs: () => theirs.value && adopt(theirs.value),
    /** One's own over theirs, now that somebody has seen that there is one. */
    overwrite: () => {
      base.value = theirs.value?.revision ?? base.value;
      theirs.value = undefined;
      void save();
    },
  };
}

/** Of what isn't finished, without what its fields depend on: else nobody could choose what to depend on. */
function formFrom(made: MadeForm): Form | undefined {
  const plain = [made, withoutDependencies(made)].find((each) => madeFormProblem(each) === undefined);
  return plain && formOfSchema(plain);
}

/** The last value that there was. */
function useLast<Value>(read: () => Value | undefined) {
  let last: Value | undefined;
  return computed(() => (last = read() ?? last));
}
