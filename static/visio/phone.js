// Going on by telephone. The number is in the page, so it can be shown without an answer.

import { deliver } from "./acts.js";

// Returns the act, which the form of the room does too.
export function phoneOf(room, say) {
  const form = room.querySelector("[data-phone-form]");
  const number = room.querySelector("[data-number]");
  const tell = (words) => say(room.querySelector("[data-number-state]"), words);

  async function goOn() {
    number.hidden = false;
    tell("");
    const answer = await deliver(form.action, () => tell("La connexion est coupée\u00a0: ce sera noté dès qu'elle revient."));
    if (answer.ok || answer.status === 409) {
      const target = room.querySelector("#room-noted");
      window.htmx.swap(target, await answer.text(), { swapStyle: "innerHTML" }, { eventInfo: { target } });
      number.hidden = true;
    } else {
      tell("Cela n'a pas pu être noté.");
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    goOn();
  });
  return goOn;
}
