// Says why a conversation has ended on this page: the right is gone, or the session is over.

export function sayOver(line, { reason, login, waits }) {
  line.textContent = "Cette conversation ne vous est plus ouverte.";
  if (reason !== "login") return;
  const again = document.createElement("a");
  again.href = `${login}?next=${encodeURIComponent(location.pathname)}`;
  again.textContent = "Reconnectez-vous";
  line.replaceChildren("Votre session est terminée. ", again, waits ? " : ce que vous avez écrit partira alors." : ".");
}
