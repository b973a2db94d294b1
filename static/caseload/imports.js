// Says that a file is too large before it is sent.

for (const form of document.querySelectorAll("form[data-maximum-bytes]")) {
  const input = form.querySelector("input[type=file]");
  const refusal = form.querySelector("[data-too-large]");
  const tooLarge = () => [...input.files].some((file) => file.size > Number(form.dataset.maximumBytes));

  input.addEventListener("change", () => {
    refusal.hidden = !tooLarge();
  });
  form.addEventListener("submit", (event) => {
    if (tooLarge()) {
      event.preventDefault();
      refusal.hidden = false;
      refusal.focus();
    }
  });
}
