// The key of « À la suite » on a page that has its link.

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.isComposing || document.documentElement.dataset.oneKey === "off") return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const link = document.querySelector("[data-sequence]");
  if (link === null) return;
  event.preventDefault();
  link.click();
});
