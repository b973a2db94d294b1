// Links in what people typed.

const LINK = /https:\/\/[^\s<>"'«»]+/g; // messaging/templatetags/messaging_text.py has the same, and the same `within`
const CLOSES = { ")": "(", "]": "[", "}": "{" };

// Returns the text as nodes: addresses that begin with https become links, everything else stays text.
export function withLinks(body) {
  const nodes = [];
  let at = 0;
  for (const found of body.matchAll(LINK)) {
    const address = within(found[0]);
    if (address === "https://") continue;
    nodes.push(body.slice(at, found.index));
    const link = document.createElement("a");
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.textContent = address;
    nodes.push(link);
    at = found.index + address.length;
  }
  nodes.push(body.slice(at));
  return nodes;
}

// Removes the punctuation at the end of a sentence, and a closing bracket that was opened before the address.
function within(address) {
  for (;;) {
    const last = address.at(-1);
    const open = CLOSES[last];
    const more = open !== undefined && address.split(last).length > address.split(open).length;
    if (!more && !".,;:!?([{".includes(last)) return address;
    address = address.slice(0, -1);
  }
}
