// Small improvements to pages that already work without them.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRF-Token"] = token.content;
});

// A chosen filter applies at once; without this the 查询 button does it.
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

// A refused fragment still shows its sentence where the table was.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;
});

// A filter form leaves empty fields out of the address.
document.addEventListener("formdata", (event) => {
  if (event.target.matches("form.filters")) {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  }
});
