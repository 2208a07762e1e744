import { h, type Child } from "./dom.js";

export interface DialogOptions {
  title: string;
  body: Child[];
  confirm: string;
  cancel?: string | null;
  danger?: boolean;
  className?: string;
  /** Runs on confirmation; words it returns are shown as the reason why not, and the dialog stays. */
  accept: () => string | void | Promise<string | void>;
  closed?: () => void;
}

let count = 0;

/** A modal form. Escape and the cancel button close it; Enter confirms. */
export function openDialog(options: DialogOptions): HTMLDialogElement {
  const id = `dialog-${++count}`;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const confirm = h("button", { class: options.danger ? "button danger" : "button primary", type: "submit" }, options.confirm);
  const form = h(
    "form",
    { method: "dialog", novalidate: true },
    h("h2", { id }, options.title),
    ...options.body,
    problem,
    h("div", { class: "dialog-buttons" }, cancelButton(options.cancel), confirm),
  );
  const dialog = h("dialog", { class: `dialog ${options.className ?? ""}`.trim(), "aria-labelledby": id }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    confirm.disabled = true;
    void settle(options.accept).then((words) => {
      confirm.disabled = false;
      if (!words) return dialog.close();
      problem.textContent = words;
      problem.hidden = false;
    });
  });
  /* Beside the dialog, from the beginning of the click to its end: text that is selected may end out there. */
  let pressedBeside = false;
  dialog.addEventListener("pointerdown", (event) => (pressedBeside = isBeside(dialog, event)));
  dialog.addEventListener("click", (event) => {
    if ((pressedBeside && isBeside(dialog, event)) || (event.target as Element).closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    options.closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function isBeside(dialog: HTMLElement, event: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
  return event.target === dialog && !inside;
}

async function settle(accept: DialogOptions["accept"]): Promise<string> {
  return (await accept()) ?? "";
}

function cancelButton(label: string | null | undefined): Child {
  if (label === null) return null;
  return h("button", { class: "button", type: "button", "data-close": true }, label ?? "Cancel");
}

export function field(label: string, input: HTMLElement, hint?: string): HTMLElement {
  return h("label", { class: "field" }, h("span", { class: "field-label" }, label), input, hint ? h("span", { class: "hint" }, hint) : null);
}
