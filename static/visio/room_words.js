import { counted } from "../frame/words.js";

// The sentences of the room. They depend on what the room knows, and change nothing.

// What a screen reader is told of one's own act.
export const OWN = {
  microphone: { true: "Micro activé", false: "Micro coupé" },
  camera: { true: "Caméra activée", false: "Caméra coupée" },
  screen: { true: "Écran partagé", false: "Partage arrêté" },
  hand: { true: "Main levée", false: "Main baissée" },
};

// Returns them for the names of a room: `other` is the other person. Each takes the state of the room and whether the
// call is `linked`.
export function wordsOf({ other, isAdviser }) {
  function status(state, linked) {
    if (state.silent && state.cut === 0) return `Rien n'arrive de ${other} pour le moment. Nous rétablissons la liaison ; vous pouvez continuer par téléphone.`;
    if (state.cut > 0 && linked && !state.silent) return `${state.cut < 3 ? "Connexion coupée avec la salle." : "La salle ne répond pas."} L'appel continue.`;
    if (state.cut >= 3) return "La salle ne répond pas. Nous réessayons ; vous pouvez continuer par téléphone.";
    if (state.cut > 0) return "Connexion coupée, nous la rétablissons…";
    if (linked) return `Vous êtes en conversation avec ${other}.`;
    if (!state.peerTab && state.admitted) return `${other} n'est plus dans la salle. Restez ici : la conversation reprendra à son retour.`;
    if (!state.peerTab) return isAdviser ? `${other} n'est pas encore là.` : `${other} n'est pas encore dans la salle.`;
    if (!state.admitted) return isAdviser ? `${other} attend.` : "Vous êtes dans la salle d'attente.";
    return "Mise en relation…";
  }

  function door(state) {
    const nobody = "La personne n'est pas encore dans la salle d'attente. Vous verrez ici quand elle attend.";
    if (isAdviser) return state.peerTab ? `${other} attend. Faites entrer quand vous êtes en place.` : nobody;
    if (state.peerTab) return `Votre arrivée est annoncée à ${other}, qui va vous faire entrer.`;
    return `Vous êtes au bon endroit. ${other} verra que vous attendez et vous fera entrer.`;
  }

  // `seconds`: since when the person waits.
  function waited(seconds) {
    const minutes = Math.floor(seconds / 60);
    const since = minutes === 0 ? "moins d'une minute" : counted(minutes, "une minute,minutes");
    return isAdviser ? `${other} attend depuis ${since}.` : `Vous attendez depuis ${since}.`;
  }

  function remoteNote(state, linked) {
    if (!linked) return "";
    const off = [];
    if (!state.theirs.camera && !state.theirs.screen) off.push("caméra coupée");
    if (state.theirs.without_microphone) off.push("sans micro, par choix");
    else if (!state.theirs.microphone) off.push("micro coupé");
    return off.length > 0 ? `${other}\u00a0: ${off.join(", ")}` : "";
  }

  return { status, door, waited, remoteNote };
}
