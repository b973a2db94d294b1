// Bring the present hour into sight, where a full week has pushed it below the window.

const now = document.querySelector(".agenda__hour--now");
if (now !== null && now.getBoundingClientRect().bottom > window.innerHeight) now.scrollIntoView({ block: "center" });
