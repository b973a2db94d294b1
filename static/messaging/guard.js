// Finds numbers that a person should not write without need, before a message leaves the browser. The rules are those
// of accompaniment/rules/sensitive_numbers.py. Nothing of what is found is stored or sent.

const RUN = /(?<![0-9A-Za-z])[0-9A-Za-z]+(?:[ .\-\u00a0\u202f][0-9A-Za-z]+)*/g;
const SEPARATOR = /[ .\-\u00a0\u202f]/;
const BEGINNING = /^(?:\d|[A-Z]{2}\d{2})/;
const SHORTEST = 13;
const LONGEST = 34;

const NIR = /^[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{8}$/;
const NIR_WITHOUT_KEY = /^[1-478]\d{2}(?:0[1-9]|1[0-2])(?:\d{2}|2[AB])\d{6}$/;
const CARD = /^(?:3[47]\d{13}|(?:4|5|6|2[2-7])\d{14,17})$/;
const NIR_GROUPS = new Set(["15", "13,2", "1,2,2,2,3,3,2", "1,2,2,2,6,2", "1,2,2,5,3,2", "1,4,2,3,3,2", "1,4,5,3,2"]);
const NIR_GROUPS_WITHOUT_KEY = new Set(["13", "1,2,2,2,3,3", "1,2,2,2,6", "1,2,2,5,3", "1,4,2,3,3", "1,4,5,3"]);
const CARD_GROUPS = new Set(["15", "16", "17", "18", "19", "4,6,5", "4,4,4,4", "4,4,4,4,3"]);
const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]+$/;

// How long an IBAN is in the countries that share one area of payments.
const IBAN_LENGTHS =
  "AD24 AL28 AT20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GI23 GR27 HR21 HU28 IE22 IS26 IT27 " +
  "LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MT31 NL18 NO15 PL28 PT25 RO24 RS22 SE24 SI19 SK24 SM27 VA22";

const KINDS = ["un numéro de sécurité sociale", "un numéro de carte bancaire", "un IBAN"];

// Returns which kinds of these numbers a text seems to contain, in words.
export function kindsIn(text) {
  const found = new Set();
  for (const [run] of text.matchAll(RUN)) {
    for (const groups of windows(run.toUpperCase().split(SEPARATOR))) found.add(kindOf(groups));
  }
  return KINDS.filter((kind) => found.has(kind));
}

// Returns the sentences that warn of such numbers.
export function warningAbout(kinds) {
  const listed = [kinds.slice(0, -1).join(", "), ...kinds.slice(-1)].filter((part) => part !== "").join(" et ");
  return `Votre message semble contenir ${listed}. Il restera dans la conversation. Envoyez-le seulement si c'est nécessaire.`;
}

function* windows(groups) {
  for (let start = 0; start < groups.length; start += 1) {
    if (!BEGINNING.test(groups[start])) continue;
    let length = 0;
    for (let end = start; end < groups.length; end += 1) {
      length += groups[end].length;
      if (length > LONGEST) break;
      if (length >= SHORTEST) yield groups.slice(start, end + 1);
    }
  }
}

function kindOf(groups) {
  const number = groups.join("");
  const shape = groups.map((group) => group.length).join(",");
  if (NIR_GROUPS.has(shape) && NIR.test(number) && hasKey(number)) return KINDS[0];
  if (NIR_GROUPS_WITHOUT_KEY.has(shape) && NIR_WITHOUT_KEY.test(number)) return KINDS[0];
  if (CARD_GROUPS.has(shape) && CARD.test(number) && isLuhn(number)) return KINDS[1];
  if (IBAN.test(number) && IBAN_LENGTHS.includes(`${number.slice(0, 2)}${number.length}`) && isIban(number)) return KINDS[2];
  return "";
}

function hasKey(number) {
  const digits = number.slice(0, 13).replace("2A", "19").replace("2B", "18");
  return 97 - rest(digits) === Number(number.slice(13));
}

function isLuhn(number) {
  let sum = 0;
  for (let place = 0; place < number.length; place += 1) {
    const digit = Number(number.at(-1 - place)) * (place % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

function isIban(number) {
  const turned = number.slice(4) + number.slice(0, 4);
  return rest(turned.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))) === 1;
}

// The rest of a long number divided by 97.
function rest(digits) {
  let left = 0;
  for (const digit of digits) left = (left * 10 + Number(digit)) % 97;
  return left;
}
