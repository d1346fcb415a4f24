// Small improvements to pages that already work without them.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRF-Token"] = token.content;
});

// A filter chosen with the mouse applies at once. With the arrow keys one passes
// over what one does not want: there Enter or the 查询 button applies it.
const byKeys = new WeakSet();
const moved = new WeakSet();

function isChoice(element) {
  return element instanceof Element && element.matches("select[data-submit]");
}

document.addEventListener("pointerdown", (event) => {
  if (isChoice(event.target)) byKeys.delete(event.target);
});

document.addEventListener("keydown", (event) => {
  if (!isChoice(event.target)) return;
  byKeys.add(event.target);
  if (event.key === "Enter" && moved.has(event.target)) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

document.addEventListener("change", (event) => {
  if (!isChoice(event.target)) return;
  if (byKeys.has(event.target)) moved.add(event.target);
  else event.target.form.requestSubmit();
});

// A refused fragment shows its sentence above what is there; a table that says
// itself what is wrong takes its own place.
function forget(place) {
  for (const old of place?.querySelectorAll(":scope > section.failed") ?? []) old.remove();
}

let focusedIn = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  focusedIn = target.contains(document.activeElement) ? target.id : null;
  forget(target.parentElement);
  if (xhr.status < 400) return;
  event.detail.shouldSwap = true;
  if (!xhr.response.includes(`id="${target.id}"`)) event.detail.swapOverride = "beforebegin";
});

// htmx gives the focus back to the same control; where it is gone (the last page
// has no 下一页), the rows get it.
document.addEventListener("htmx:afterSettle", () => {
  if (focusedIn && document.activeElement === document.body) {
    document.querySelector(`#${CSS.escape(focusedIn)} .table-scroll`)?.focus();
  }
  focusedIn = null;
});

// A form that is refused stays as it was filled in, the reason above it. Without
// this the refusal is a page that gives back what was typed.
async function send(form, button, isAgain = false) {
  const meta = document.querySelector('meta[name="csrf-token"]');
  const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, {
    method: "POST",
    body: new FormData(form, button),
    headers: { "HX-Request": "true", "X-CSRF-Token": meta.content },
  });
  const to = answer.headers.get("HX-Redirect");
  if (to) return location.assign(to);
  if (answer.redirected) return location.assign(answer.url);
  const text = await answer.text();
  // Signed in anew in another window: this page carries the old session's token.
  if (text.includes("identity.csrf") && !isAgain) {
    const page = await (await fetch(location.href)).text();
    const now = new DOMParser().parseFromString(page, "text/html");
    const token = now.querySelector('meta[name="csrf-token"]');
    if (token) {
      meta.content = token.content;
      return send(form, button, true);
    }
  }
  return refused(form, text);
}

function refused(form, text) {
  forget(form.parentElement);
  form.insertAdjacentHTML("beforebegin", text);
  form.parentElement.querySelector(":scope > section.failed")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-keep]")) return;
  event.preventDefault();
  const buttons = form.querySelectorAll("button");
  const sent = send(form, event.submitter);
  for (const one of buttons) one.disabled = true;
  try {
    await sent;
  } catch {
    refused(form, '<section class="failed" role="alert"><p>没有送达:网络或服务中断,请稍后再次提交。</p></section>');
  } finally {
    for (const one of buttons) one.disabled = false;
  }
});

// A filter form leaves empty fields out of the address.
document.addEventListener("formdata", (event) => {
  if (event.target.matches("form.filters")) {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  }
});
